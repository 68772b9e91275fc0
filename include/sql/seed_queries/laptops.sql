-- Which changes concern laptops?
SELECT *
FROM {{ params.database }}.raw_orders
WHERE product_name = 'laptop'
ORDER BY creation_time, orderid, sequence_number
