-- Which raw objects has the job curated, and with which content? One row an object.
SELECT object, etag
FROM {{ params.database }}.{{ tables.intake }}
