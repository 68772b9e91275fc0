-- How late did changes reach S3, over time? The batches' own figures, by unit of time: those of the slowest batch in each.
-- A batch that saw no change has no lag, and does not count.
SELECT
    date_trunc('{{ params.unit }}', run_at) AS run_time,
    count(DISTINCT run_id) AS runs,
    max(lag_raw_p50_seconds) AS lag_p50,
    max(lag_raw_p99_seconds) AS lag_p99,
    max(lag_raw_max_seconds) AS lag_max
FROM {{ params.database }}.pipeline_ledger
WHERE run_at >= TIMESTAMP '{{ params.from_time }}' AND run_at <= TIMESTAMP '{{ params.until_time }}' AND lag_raw_p99_seconds IS NOT NULL
GROUP BY date_trunc('{{ params.unit }}', run_at)
ORDER BY run_time
