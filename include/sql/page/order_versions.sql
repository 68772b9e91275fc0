-- What happened to this order, change by change? Some of its changes, each once and newest first, and how many were found in all.
-- With a time from which, and one until which, changes are read, their numbers count from the first one in between; without, from the
-- order's first one, so that a number stays the same when other changes follow.
{%- macro text(pieces) %}{{ '?' if pieces == 1 else 'concat(' ~ (['?'] * pieces) | join(', ') ~ ')' }}{% endmacro %}
{%- set number, total, copy = alias('page_number'), alias('page_total'), alias('page_copy') %}
{%- set by_raw = params.table == tables.raw %}
{%- set stream = 'creation_time' if by_raw else "coalesce(source_stream, '')" %}
{%- set at = 'CAST(try(from_iso8601_timestamp(creation_time)) AS timestamp)' if by_raw else 'creation_time' %}
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
        {%- if params.from_time and by_raw %}
        AND dt >= '{{ params.from_time[:10] }}'
        {%- endif %}
        {%- if params.from_time %}
        AND {{ at }} >= TIMESTAMP '{{ params.from_time }}'
        {%- endif %}
        {%- if params.until_time %}
        AND {{ at }} < TIMESTAMP '{{ params.until_time }}'
        {%- endif %}
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
