-- Which orders begin with this id, or hold this product, and what happened to each of them last?
{#- The product is the contract's first text. A deleted order is shown with the product that it had. #}
{%- set order = 'changes.creation_time' if params.table == tables.raw else "coalesce(changes.source_stream, '')" %}
{%- set by_key = 'PARTITION BY ' ~ key.of('changes') ~ ' ORDER BY ' ~ order %}
{%- set before, newest = alias('product_before'), alias('newest') %}
WITH asked AS (
    SELECT DISTINCT {{ key }}
    FROM {{ params.database }}.{{ params.table }}
    WHERE strpos({{ key | join(', ?) = 1 OR strpos(') }}, ?) = 1{% if title %} OR lower({{ title }}) = lower(?){% endif %}
),

numbered AS (
    SELECT
        {{ key.of('changes') }},
        {%- for column, kind in shown.items() %}
        {{ 'CAST(changes.%s AS %s) AS %s' | format(column, kind | replace(',', ', '), column) if kind.startswith('decimal') else 'changes.' ~ column }},
        {%- endfor %}
        changes.event_type,
        changes.creation_time,
        changes.sequence_number,
        {%- if title %}
        lag(changes.{{ title }}) OVER ({{ by_key }}, changes.sequence_number) AS {{ before }},
        {%- endif %}
        row_number() OVER ({{ by_key }} DESC, changes.sequence_number DESC) AS {{ newest }}
    FROM {{ params.database }}.{{ params.table }} AS changes
    INNER JOIN asked ON {{ key.equal('changes', 'asked') }}
    WHERE NOT regexp_like(changes.{{ probed }}, '{{ params.probe }}')
)

SELECT
    {{ key }},
    {%- for column in shown %}
    {{ 'coalesce(%s, %s) AS %s' | format(title, before, title) if column == title else column }},
    {%- endfor %}
    event_type,
    creation_time
FROM numbered
WHERE {{ newest }} = 1
ORDER BY creation_time DESC, {{ key | join(' ASC, ') }} ASC
LIMIT 50
