-- Which changes since a given time are in the curated tables? One row a change.
SELECT {{ key }}, source_stream, sequence_number
FROM {{ params.database }}.{{ tables.changes }}
WHERE creation_time >= TIMESTAMP '{{ params.since }}'
