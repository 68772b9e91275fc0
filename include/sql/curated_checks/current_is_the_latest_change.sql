-- Does each order's current state equal its latest change? Rows: orders whose values differ, and orders that one table lacks.
-- The columns show the fields that differ.
{%- set declared = contract.fields | map(attribute='column') | list %}
{%- set fields = ['event_type'] + declared + ['source_stream', 'sequence_number', 'rescued_data'] %}
WITH numbered AS (
    SELECT
        orderid,
        {%- for field in fields %}
        {{ field }},
        {%- endfor %}
        row_number() OVER (PARTITION BY orderid ORDER BY coalesce(source_stream, '') DESC, sequence_number DESC) AS newest
    FROM {{ params.database }}.orders_changes
),

latest AS (
    SELECT *
    FROM numbered
    WHERE newest = 1
)

SELECT
    coalesce(latest.orderid, standing.orderid) AS orderid,
    {%- for side, name, absent in (('latest', 'latest_change', 'no change'), ('standing', 'current_state', 'no row')) %}
    CASE
        WHEN {{ side }}.orderid IS NULL THEN '{{ absent }}'
        ELSE
            concat_ws(
                ', ',
                {%- for field in fields %}
                CASE
                    WHEN latest.{{ field }} IS DISTINCT FROM standing.{{ field }}
                        THEN concat('{{ field }} ', coalesce(CAST({{ side }}.{{ field }} AS varchar), 'null'))
                END{{ '' if loop.last else ',' }}
                {%- endfor %}
            )
    END AS {{ name }}{{ '' if loop.last else ',' }}
    {%- endfor %}
FROM latest
FULL OUTER JOIN {{ params.database }}.orders_current AS standing ON latest.orderid = standing.orderid
WHERE
    {%- for field in fields %}
    {{ '' if loop.first else 'OR ' }}latest.{{ field }} IS DISTINCT FROM standing.{{ field }}
    {%- endfor %}
ORDER BY orderid
