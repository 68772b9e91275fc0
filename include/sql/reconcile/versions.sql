-- What does the curated table hold for these orders, deleted orders included? One row an order.
SELECT
    {{ key }},
    {{ params.source_stream }} AS source_stream,
    sequence_number,
    CAST(is_deleted AS varchar) AS is_deleted
    {%- for column in params.columns %},
    CAST("{{ column }}" AS varchar) AS "{{ column }}"
    {%- endfor %}
FROM {{ params.database }}.{{ tables.current }}
WHERE
    {{ key if key | length == 1 else '(%s)' | format(key) }} IN (
        {%- for order_id in params.order_ids %}
        {{ '(' if key | length > 1 }}
        {%- for text in ([order_id] if key | length == 1 else order_id) -%}
        '{{ text | replace("'", "''") }}'{{ '' if loop.last else ', ' }}
        {%- endfor %}
        {{- ')' if key | length > 1 }}{{ '' if loop.last else ',' }}
        {%- endfor %}
    )
