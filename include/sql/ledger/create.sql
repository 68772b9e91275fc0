-- Was every change of each run accounted for? This makes the table that keeps the answer, unless the table exists.
CREATE TABLE IF NOT EXISTS pipeline_ledger (
    run_id string,
    run_at timestamp,
    event_type string,
    written bigint,
    captured bigint,
    delivered bigint,
    failed bigint,
    dropped bigint,
    curated bigint,
    lag_raw_p50_seconds double,
    lag_raw_p99_seconds double,
    lag_raw_max_seconds double,
    lag_curated_p50_seconds double,
    lag_curated_p99_seconds double,
    lag_curated_max_seconds double
)
PARTITIONED BY (month(run_at))
LOCATION 's3://{{ params.bucket }}/curated/pipeline_ledger/'
TBLPROPERTIES ('table_type' = 'ICEBERG')
