-- Which changes does the change log hold since the drill began?
SELECT
    orderid,
    event_type,
    sequence_number,
    product_name,
    quantity,
    price,
    order_status,
    customer
FROM {{ params.database }}.orders_changes
WHERE creation_time >= TIMESTAMP '{{ ti.xcom_pull(task_ids='plan_drill')['since'] }}'
