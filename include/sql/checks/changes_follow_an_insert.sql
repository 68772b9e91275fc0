-- Does every order that changed begin with its insert? Rows: orders whose first change is none.
WITH numbered AS (
    SELECT
        orderid,
        event_type,
        sequence_number,
        creation_time,
        row_number() OVER (PARTITION BY orderid ORDER BY sequence_number) AS position
    FROM {{ params.database }}.raw_orders
    WHERE orderid NOT LIKE '%probe%'
)

SELECT orderid, event_type, sequence_number, creation_time
FROM numbered
WHERE position = 1 AND event_type <> 'INSERT'
ORDER BY orderid
