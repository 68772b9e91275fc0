-- Which changes made an order of exactly five laptops?
SELECT *
FROM {{ params.database }}.raw_orders
WHERE product_name = 'laptop' AND quantity = 5
ORDER BY creation_time, orderid, sequence_number
