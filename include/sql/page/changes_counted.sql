-- How many changes are known, each counted once, and since when?
SELECT
    count(*) AS changes,
    min(creation_time) AS first_change
FROM (
    SELECT DISTINCT
        orderid,
        sequence_number,
        creation_time
    FROM {{ params.database }}.{{ params.table }}
    WHERE orderid NOT LIKE '%probe%'
) AS known
