-- Which orders do the filters let through, those that changed last first? One page of them, each with how many there are in all.
{#- A text begins an id, or is a product (the contract's first text) that the order has or had; a deleted one is shown with it. #}
{%- macro text(pieces) %}{{ '?' if pieces == 1 else 'concat(' ~ (['?'] * pieces) | join(', ') ~ ')' }}{% endmacro %}
{%- set by_raw, asked = params.table == tables.raw, params.filters %}
{%- set stream = "creation_time" if by_raw else "coalesce(source_stream, '')" %}
{%- set newest, total, before = alias('page_newest'), alias('page_total'), alias('page_before') %}
WITH latest AS (
    SELECT
        {{ key }},
        {%- for column, kind in shown.items() %}
        {{ 'CAST(%s AS %s) AS %s' | format(column, kind | replace(',', ', '), column) if kind.startswith('decimal') else column }},
        {%- endfor %}
        event_type,
        {{ 'CAST(try(from_iso8601_timestamp(creation_time)) AS timestamp) AS creation_time' if by_raw else 'creation_time' }},
        {{ 'CAST(NULL AS varchar) AS rescued_data' if by_raw else 'rescued_data' }}
    FROM {% if params.table == tables.current %}{{ params.database }}.{{ params.table }}{% else %}(
        SELECT *, row_number() OVER (PARTITION BY {{ key }} ORDER BY {{ stream }} DESC, sequence_number DESC) AS {{ newest }}
        FROM {{ params.database }}.{{ params.table }}
    ) AS numbered{% endif %}
    WHERE ({{ probed }} NOT LIKE '{{ probe_start }}%' OR NOT regexp_like({{ probed }}, '{{ params.probe }}'))
        {%- if params.table != tables.current %} AND {{ newest }} = 1{% endif %}
),
{%- for name in ('text', 'product') if name in asked and title %}
named_{{ name }} AS (
    SELECT DISTINCT {{ key }} FROM {{ params.database }}.{{ params.changes }} WHERE lower({{ title }}) = lower({{ text(asked[name]) }})
),
{%- endfor %}
chosen AS (
    SELECT
        latest.*,
        count(*) OVER () AS {{ total }}
    FROM latest
    {%- for name in ('text', 'product') if name in asked and title %}
    LEFT JOIN named_{{ name }} ON {{ key.equal('latest', 'named_' ~ name) }}
    {%- endfor %}
    WHERE TRUE
        {%- if 'text' in asked %}
        AND (
            {%- for column in key %}{{ ' OR ' if not loop.first }}strpos(latest.{{ column }}, {{ text(asked.text) }}) = 1{% endfor %}
            {%- if title %} OR named_text.{{ key[0] }} IS NOT NULL{% endif %}
        )
        {%- endif %}
        {%- if 'product' in asked and title %} AND named_product.{{ key[0] }} IS NOT NULL{% endif %}
        {%- if 'type' in asked %} AND latest.event_type = '{{ asked.type }}'{% endif %}
        {%- if asked.get('state') == 'standing' %} AND latest.event_type <> 'REMOVE'{% endif %}
        {%- if asked.get('state') == 'deleted' %} AND latest.event_type = 'REMOVE'{% endif %}
        {%- if asked.get('state') == 'rescued' %} AND latest.rescued_data IS NOT NULL{% endif %}
        {%- if 'since' in asked %} AND latest.creation_time >= TIMESTAMP '{{ asked.since }}'{% endif %}
        {%- if 'until' in asked %} AND latest.creation_time < TIMESTAMP '{{ asked.until }}'{% endif %}
),
page AS (
    SELECT * FROM chosen ORDER BY creation_time DESC, {{ key }} OFFSET {{ params.skip }} LIMIT {{ params.size }}
)
{%- if title %},
products AS (
    SELECT
        {{ key.of('changes') }},
        changes.{{ title }} AS {{ before }},
        row_number() OVER (PARTITION BY {{ key.of('changes') }} ORDER BY {{ stream | replace('source_stream', 'changes.source_stream') if not by_raw else 'changes.creation_time' }} DESC, changes.sequence_number DESC) AS {{ newest }}
    FROM {{ params.database }}.{{ params.changes }} AS changes
    INNER JOIN page ON {{ key.equal('changes', 'page') }}
    WHERE page.event_type = 'REMOVE' AND changes.{{ title }} IS NOT NULL
)
{%- endif %}

SELECT
    {{ key.of('page') }},
    {%- for column in shown %}
    {{ 'coalesce(page.%s, products.%s) AS %s' | format(title, before, title) if column == title else 'page.' ~ column }},
    {%- endfor %}
    page.event_type,
    page.creation_time, page.rescued_data,
    page.{{ total }} AS {{ total }}
FROM page
{%- if title %}
LEFT JOIN products ON {{ key.equal('page', 'products') }} AND products.{{ newest }} = 1
{%- endif %}
ORDER BY page.creation_time DESC, {{ key.of('page') }}
