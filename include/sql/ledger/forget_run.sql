-- What did an earlier attempt of this run record? Removes it, so that a run is recorded once.
DELETE FROM {{ params.database }}.pipeline_ledger
WHERE run_id = '{{ params.run_id | replace("'", "''") }}'
