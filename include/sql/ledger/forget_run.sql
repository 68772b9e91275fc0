-- What did an earlier attempt of this run record? This deletes it, so that each run is recorded once.
DELETE FROM {{ params.database }}.pipeline_ledger
WHERE run_id = '{{ params.run_id | replace("'", "''") }}'
