-- Does each order's current state repeat its latest change? Rows: orders for which it does not, or that one table lacks.
WITH numbered AS (
    SELECT
        orderid,
        sequence_number,
        event_type,
        product_name,
        quantity,
        price,
        row_number() OVER (PARTITION BY orderid ORDER BY sequence_number DESC) AS newest
    FROM {{ params.database }}.orders_changes
),

latest AS (
    SELECT orderid, sequence_number, event_type, product_name, quantity, price
    FROM numbered
    WHERE newest = 1
)

SELECT
    coalesce(latest.orderid, standing.orderid) AS orderid,
    latest.sequence_number AS latest_change,
    standing.sequence_number AS current_state
FROM latest
FULL OUTER JOIN {{ params.database }}.orders_current AS standing ON latest.orderid = standing.orderid
WHERE
    latest.sequence_number IS DISTINCT FROM standing.sequence_number
    OR latest.event_type IS DISTINCT FROM standing.event_type
    OR latest.product_name IS DISTINCT FROM standing.product_name
    OR latest.quantity IS DISTINCT FROM standing.quantity
    OR latest.price IS DISTINCT FROM standing.price
ORDER BY orderid
