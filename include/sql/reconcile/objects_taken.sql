-- Which raw objects have been taken into the curated tables, and with which content? One row an object.
SELECT object, etag
FROM {{ params.database }}.orders_intake
