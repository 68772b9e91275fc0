-- Which share of each day's orders has been cancelled since? An order that is placed again counts again.
WITH numbered AS (
    SELECT
        orderid,
        event_type,
        actor,
        creation_time,
        sum(CASE WHEN event_type = 'INSERT' THEN 1 ELSE 0 END)
            OVER (PARTITION BY orderid ORDER BY coalesce(source_stream, ''), sequence_number ROWS UNBOUNDED PRECEDING) AS placement
    FROM {{ params.database }}.orders_changes
    WHERE creation_time >= TIMESTAMP '{{ params.from_day }} 00:00:00'
),

placements AS (
    SELECT
        orderid,
        placement,
        CAST(min(creation_time) AS date) AS order_day,
        max(CASE WHEN event_type = 'REMOVE' AND actor = 'user' THEN 1 ELSE 0 END) AS is_cancelled,
        max(CASE WHEN event_type = 'REMOVE' AND actor = 'ttl' THEN 1 ELSE 0 END) AS is_expired
    FROM numbered
    WHERE placement > 0
    GROUP BY orderid, placement
)

SELECT
    order_day,
    count(*) AS orders_placed,
    sum(is_cancelled) AS orders_cancelled,
    sum(is_expired) AS orders_expired,
    CAST(round(100e0 * sum(is_cancelled) / nullif(count(*), 0), 2) AS decimal(5, 2)) AS cancelled_percent
FROM placements
WHERE order_day < DATE '{{ params.until_day }}'
GROUP BY order_day
ORDER BY order_day
