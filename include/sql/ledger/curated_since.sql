-- Which changes since a given time are in the curated tables? One row a change.
SELECT orderid, source_stream, sequence_number
FROM {{ params.database }}.orders_changes
WHERE creation_time >= TIMESTAMP '{{ params.since }}'
