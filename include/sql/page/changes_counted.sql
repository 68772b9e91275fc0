-- How many changes are there, each counted once?
{%- if params.table == 'raw_orders' %}
SELECT count(*) AS changes
FROM (
    SELECT DISTINCT
        orderid,
        sequence_number
    FROM {{ params.database }}.{{ params.table }}
    WHERE NOT regexp_like(orderid, '{{ params.probe }}')
) AS known
{%- else %}
SELECT count(*) AS changes
FROM {{ params.database }}.{{ params.table }}
{%- endif %}
