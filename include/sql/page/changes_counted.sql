-- How many changes does the change log have since a given day? Its older partitions are not read.
SELECT count(*) AS changes
FROM {{ params.database }}.{{ tables.changes }}
WHERE creation_time >= TIMESTAMP '{{ params.from_time }}'
