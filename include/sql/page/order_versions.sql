-- What happened to this order, change by change? Some of its changes, each once and newest first, and how many it has in all.
-- A change's number counts from the order's first one, so that it stays the same when others follow.
{%- macro text(pieces) %}{{ '?' if pieces == 1 else 'concat(' ~ (['?'] * pieces) | join(', ') ~ ')' }}{% endmacro %}
{%- set number, total, copy = alias('page_number'), alias('page_total'), alias('page_copy') %}
{%- set stream = 'creation_time' if params.table == tables.raw else "coalesce(source_stream, '')" %}
{%- set last = 'least(%s, %s)' | format(params.until, total) if params.until else total %}
WITH known AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY {{ stream }}, sequence_number ORDER BY event_id) AS {{ copy }}
    FROM {{ params.database }}.{{ params.table }}
    WHERE
        {%- for column in key %}
        {{ 'AND ' if not loop.first }}{{ column }} = {{ text(params.pieces[loop.index0]) }}
        {%- endfor %}
),

numbered AS (
    SELECT
        *,
        row_number() OVER (ORDER BY {{ stream }}, sequence_number) AS {{ number }},
        count(*) OVER () AS {{ total }}
    FROM known
    WHERE {{ copy }} = 1
)

SELECT *
FROM numbered
WHERE {{ number }} <= {{ last }} AND {{ number }} >= {{ last }} - {{ params.size }}
ORDER BY {{ number }} DESC
