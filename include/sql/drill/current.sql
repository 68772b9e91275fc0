-- What is the current state of the orders that changed since the drill began, tombstones included?
SELECT
    orderid,
    is_deleted,
    product_name,
    quantity,
    price,
    order_status,
    customer
FROM {{ params.database }}.orders_current
WHERE creation_time >= TIMESTAMP '{{ ti.xcom_pull(task_ids='plan_drill')['since'] }}'
