-- In which hours' folders are the raw objects that the job has taken since a time? One row an hour; null for objects in none.
SELECT DISTINCT regexp_extract("object", 'dt=[^/]+/hr=[^/]+/') AS folder
FROM {{ params.database }}.{{ tables.intake }}
WHERE taken_at >= TIMESTAMP '{{ params.since }}'
