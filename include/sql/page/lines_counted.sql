-- How many lines are in quarantine of the objects of a given day and later? Older partitions are not read.
SELECT count(*) AS lines
FROM {{ params.database }}.{{ tables.quarantine }}
WHERE source_object >= '{{ params.from_object }}'
