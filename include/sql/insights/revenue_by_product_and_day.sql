-- What are the current orders worth, by day of placement and by product?
WITH numbered AS (
    SELECT
        orderid,
        product_name,
        quantity,
        price,
        event_type,
        max(CASE WHEN event_type = 'INSERT' THEN creation_time END) OVER (PARTITION BY orderid) AS placed_at,
        row_number() OVER (PARTITION BY orderid ORDER BY coalesce(source_stream, '') DESC, sequence_number DESC) AS newest
    FROM {{ params.database }}.orders_changes
    WHERE creation_time >= TIMESTAMP '{{ params.from_day }} 00:00:00'
)

SELECT
    CAST(placed_at AS date) AS order_day,
    product_name,
    count(*) AS orders,
    coalesce(sum(CAST(quantity AS decimal(38, 0))), 0) AS units,
    CAST(coalesce(sum(quantity * price), 0) AS decimal(38, 2)) AS revenue
FROM numbered
WHERE newest = 1 AND event_type <> 'REMOVE' AND placed_at < TIMESTAMP '{{ params.until_day }} 00:00:00'
GROUP BY CAST(placed_at AS date), product_name
ORDER BY order_day, product_name
