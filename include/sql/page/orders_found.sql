-- Which orders begin with this id, or hold this product, and what happened to each of them last?
{%- set order = 'changes.creation_time' if params.table == 'raw_orders' else "coalesce(changes.source_stream, '')" %}
WITH asked AS (
    SELECT DISTINCT orderid
    FROM {{ params.database }}.{{ params.table }}
    WHERE strpos(orderid, ?) = 1 OR lower(product_name) = lower(?)
),

numbered AS (
    SELECT
        changes.orderid,
        changes.product_name,
        changes.quantity,
        CAST(changes.price AS decimal(12, 2)) AS price,
        changes.event_type,
        changes.creation_time,
        changes.sequence_number,
        lag(changes.product_name) OVER (PARTITION BY changes.orderid ORDER BY {{ order }}, changes.sequence_number) AS product_before,
        row_number() OVER (PARTITION BY changes.orderid ORDER BY {{ order }} DESC, changes.sequence_number DESC) AS newest
    FROM {{ params.database }}.{{ params.table }} AS changes
    INNER JOIN asked ON changes.orderid = asked.orderid
    WHERE NOT regexp_like(changes.orderid, '{{ params.probe }}')
)

SELECT
    orderid,
    coalesce(product_name, product_before) AS product_name,
    quantity,
    price,
    event_type,
    creation_time
FROM numbered
WHERE newest = 1
ORDER BY creation_time DESC, orderid ASC
LIMIT 50
