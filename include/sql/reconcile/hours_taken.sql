-- In which hours' folders are the raw objects that the job has taken since a time? One row an hour; 'none' for objects in none.
SELECT DISTINCT coalesce(regexp_extract("object", 'dt=[^/]+/hr=[^/]+/'), 'none') AS folder
FROM {{ params.database }}.{{ tables.intake }}
WHERE taken_at >= TIMESTAMP '{{ params.since }}'
