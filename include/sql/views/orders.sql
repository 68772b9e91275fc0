-- Which orders exist, and what are their values? One row an order; a deleted order has no row.
CREATE OR REPLACE VIEW {{ params.database }}.orders AS
SELECT
    orderid,
    product_name,
    quantity,
    price,
    event_type,
    creation_time,
    event_id,
    sequence_number,
    actor
    {%- for column in ti.xcom_pull(task_ids='await_curation')['attributes'] %},
    "{{ column }}"
    {%- endfor %}
FROM {{ params.database }}.orders_current
WHERE NOT is_deleted
