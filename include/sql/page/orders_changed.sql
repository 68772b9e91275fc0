-- Which orders changed since a given time, those that changed last first? One page of them, each with how many there are in all.
{#- The partitions of older changes are not read. An order is known by its last change, whose place is its stream and sequence number.
    A text begins an id, or is a product (the contract's first text) that the order had since then; a deleted one is shown with it. #}
{%- macro text(pieces) %}{{ '?' if pieces == 1 else 'concat(' ~ (['?'] * pieces) | join(', ') ~ ')' }}{% endmacro %}
{%- set by_raw, asked = params.table == tables.raw, params.filters %}
{%- set at = 'CAST(try(from_iso8601_timestamp(creation_time)) AS timestamp)' if by_raw else 'creation_time' %}
{%- set names = ['text', 'product'] | select('in', asked) | list if title else [] %}
{%- set newest, total, place, titled, rescued = alias('page_newest'), alias('page_total'), alias('page_place'), alias('page_titled'), alias('page_rescued') %}
WITH looked_at AS (
    SELECT
        {{ key }},
        {%- for column, kind in shown.items() %}
        {{ 'CAST(%s AS %s) AS %s' | format(column, kind | replace(',', ', '), column) if kind.startswith('decimal') else column }},
        {%- endfor %}
        event_type,
        {{ at ~ ' AS creation_time' if by_raw else at }},
        {{ 'CAST(NULL AS varchar) AS rescued_data' if by_raw else 'rescued_data' }},
        concat({{ 'creation_time' if by_raw else "coalesce(source_stream, '')" }}, ' ', sequence_number) AS {{ place }}
    FROM {{ params.database }}.{{ params.table }}
    WHERE
        ({{ probed }} NOT LIKE '{{ probe_start }}%' OR NOT regexp_like({{ probed }}, '{{ params.probe }}'))
        {{ "AND dt >= '%s' " | format(params.from_time[:10]) if by_raw }}AND {{ at }} >= TIMESTAMP '{{ params.from_time }}'
),
changed AS (
    SELECT
        {{ key }},
        {%- for name in names %}
        max(CASE WHEN lower({{ title }}) = lower({{ text(asked[name]) }}) THEN 1 ELSE 0 END) AS named_{{ name }},
        {%- endfor %}
        max_by(event_type, {{ place }}) AS event_type,
        max_by(creation_time, {{ place }}) AS creation_time,
        max_by(CASE WHEN rescued_data IS NOT NULL THEN 1 ELSE 0 END, {{ place }}) AS {{ rescued }}
    FROM looked_at
    GROUP BY {{ key }}
),
chosen AS (
    SELECT {{ key }}, creation_time, count(*) OVER () AS {{ total }}
    FROM changed
    WHERE TRUE
        {%- if 'text' in asked %}
        AND ({% for column in key %}strpos({{ column }}, {{ text(asked.text) }}) = 1 OR {% endfor %}{{ 'named_text = 1' if title else 'FALSE' }})
        {%- endif %}
        {%- if 'product' in names %} AND named_product = 1{% endif %}
        {%- if 'type' in asked %} AND event_type = '{{ asked.type }}'{% endif %}
        {%- if asked.get('state') == 'standing' %} AND event_type <> 'REMOVE'{% endif %}
        {%- if asked.get('state') == 'deleted' %} AND event_type = 'REMOVE'{% endif %}
        {%- if asked.get('state') == 'rescued' %} AND {{ rescued }} = 1{% endif %}
        {%- if 'since' in asked %} AND creation_time >= TIMESTAMP '{{ asked.since }}'{% endif %}
        {%- if 'until' in asked %} AND creation_time < TIMESTAMP '{{ asked.until }}'{% endif %}
),
page AS (
    SELECT * FROM chosen ORDER BY creation_time DESC, {{ key }} OFFSET {{ params.skip }} LIMIT {{ params.size }}
),
details AS (
    SELECT
        {{ key.of('looked_at') }},
        {% for column in shown %}looked_at.{{ column }}, {% endfor %}
        looked_at.event_type, looked_at.creation_time, looked_at.rescued_data,
        page.{{ total }},
        row_number() OVER (PARTITION BY {{ key.of('looked_at') }} ORDER BY looked_at.{{ place }} DESC) AS {{ newest }}
        {%- if title %},
        first_value(looked_at.{{ title }}) IGNORE NULLS OVER (
            PARTITION BY {{ key.of('looked_at') }} ORDER BY looked_at.{{ place }} DESC
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS {{ titled }}
        {%- endif %}
    FROM looked_at
    INNER JOIN page ON {{ key.equal('looked_at', 'page') }}
)

SELECT
    {{ key }},
    {%- for column in shown %}
    {{ "CASE WHEN event_type = 'REMOVE' THEN coalesce(%s, %s) ELSE %s END AS %s" | format(column, titled, column, column) if column == title else column }},
    {%- endfor %}
    event_type, creation_time, rescued_data, {{ total }}
FROM details
WHERE {{ newest }} = 1
ORDER BY creation_time DESC, {{ key }}
