-- What does the curated table hold for these orders, deleted orders included? One row an order.
SELECT
    orderid,
    {{ params.source_stream }} AS source_stream,
    sequence_number,
    CAST(is_deleted AS varchar) AS is_deleted
    {%- for column in params.columns %},
    CAST("{{ column }}" AS varchar) AS "{{ column }}"
    {%- endfor %}
FROM {{ params.database }}.orders_current
WHERE
    orderid IN (
        {%- for order_id in params.order_ids %}
        '{{ order_id | replace("'", "''") }}'{{ '' if loop.last else ',' }}
        {%- endfor %}
    )
