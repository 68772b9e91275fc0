-- Is every delete a row with the order's key and without values? Rows: deletes that carry values.
SELECT orderid, sequence_number, product_name, quantity, price
FROM {{ params.database }}.raw_orders
WHERE
    event_type = 'REMOVE'
    AND (product_name IS NOT NULL OR quantity IS NOT NULL OR price IS NOT NULL)
ORDER BY orderid, sequence_number
