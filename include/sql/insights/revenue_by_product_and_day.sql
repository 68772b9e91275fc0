-- What are the orders worth that stand, by the day on which they were placed and by product?
WITH placed AS (
    SELECT
        orderid,
        max(creation_time) AS placed_at
    FROM {{ params.database }}.orders_changes
    WHERE event_type = 'INSERT' AND creation_time >= TIMESTAMP '{{ params.from_day }} 00:00:00'
    GROUP BY orderid
)

SELECT
    CAST(placed.placed_at AS date) AS order_day,
    latest.product_name,
    count(*) AS orders,
    coalesce(sum(latest.quantity), 0) AS units,
    CAST(coalesce(sum(latest.quantity * latest.price), 0) AS decimal(38, 2)) AS revenue
FROM placed
INNER JOIN {{ params.database }}.orders_current AS latest ON placed.orderid = latest.orderid
WHERE NOT latest.is_deleted AND placed.placed_at < TIMESTAMP '{{ params.until_day }} 00:00:00'
GROUP BY CAST(placed.placed_at AS date), latest.product_name
ORDER BY order_day, latest.product_name
