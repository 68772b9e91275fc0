-- Which twenty orders changed most often, and what was their last change?
WITH numbered AS (
    SELECT
        orderid,
        product_name,
        event_type,
        creation_time,
        row_number() OVER (PARTITION BY orderid ORDER BY coalesce(source_stream, '') DESC, sequence_number DESC) AS newest,
        count(*) OVER (PARTITION BY orderid) AS changes,
        min(creation_time) OVER (PARTITION BY orderid) AS first_change
    FROM {{ params.database }}.orders_changes
    WHERE
        creation_time >= TIMESTAMP '{{ params.from_day }} 00:00:00'
        AND creation_time < TIMESTAMP '{{ params.until_day }} 00:00:00'
)

SELECT
    orderid,
    changes,
    first_change,
    creation_time AS last_change,
    event_type AS last_event_type,
    product_name AS last_product_name
FROM numbered
WHERE newest = 1
ORDER BY changes DESC, orderid ASC
LIMIT 20
