-- How do demand and prices change by day and by product? Rises and cuts compare with the same order's change before.
-- The change before is known if it is in the days that are asked for.
WITH compared AS (
    SELECT
        product_name,
        event_type,
        quantity,
        price,
        creation_time,
        lag(price) OVER (PARTITION BY orderid ORDER BY coalesce(source_stream, ''), sequence_number) AS price_before
    FROM {{ params.database }}.orders_changes
    WHERE creation_time >= TIMESTAMP '{{ params.from_day }} 00:00:00'
)

SELECT
    CAST(creation_time AS date) AS change_day,
    product_name,
    count(CASE WHEN event_type = 'INSERT' THEN 1 END) AS orders_placed,
    coalesce(sum(CASE WHEN event_type = 'INSERT' THEN CAST(quantity AS decimal(38, 0)) END), 0) AS units_placed,
    count(CASE WHEN event_type = 'MODIFY' AND price > price_before THEN 1 END) AS price_rises,
    count(CASE WHEN event_type = 'MODIFY' AND price < price_before THEN 1 END) AS price_cuts,
    min(price) AS lowest_price,
    max(price) AS highest_price
FROM compared
WHERE
    event_type <> 'REMOVE'
    AND creation_time < TIMESTAMP '{{ params.until_day }} 00:00:00'
GROUP BY CAST(creation_time AS date), product_name
ORDER BY change_day, product_name
