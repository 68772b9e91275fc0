-- Did every batch since a given time deliver what was written, and how late? The newest sixty of them.
SELECT
    run_id,
    run_at,
    sum(written) AS written,
    sum(captured) AS captured,
    sum(delivered) AS delivered,
    sum(failed) AS failed,
    sum(dropped) AS dropped,
    sum(curated) AS curated,
    max(lag_raw_p50_seconds) AS lag_raw_p50_seconds,
    max(lag_raw_p99_seconds) AS lag_raw_p99_seconds,
    max(lag_raw_max_seconds) AS lag_raw_max_seconds
FROM {{ params.database }}.pipeline_ledger
WHERE run_at >= TIMESTAMP '{{ params.from_time }}'
GROUP BY run_id, run_at
ORDER BY run_at DESC
LIMIT 60
