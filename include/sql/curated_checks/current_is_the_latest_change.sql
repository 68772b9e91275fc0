-- Does each order's current state equal its latest change? Rows: orders whose values differ, and orders that one table lacks.
-- The columns show the fields that differ.
-- Daily it reads the changes, and the current rows, of the days that have changed since the last batch that passed, and asks again for
-- the orders that it names. It cannot see that a row of an older change was altered; reconcile can.
{%- set asked = params.changed.times() if params.changed is defined else 'true' %}
{%- set asked = key[0] ~ ' IN (' ~ params.orders ~ ')' if params.orders is defined else asked %}
{%- set compared = ['event_type'] + fields + ['source_stream', 'sequence_number', 'rescued_data'] %}
WITH numbered AS (
    SELECT
        {{ key }},
        {%- for field in compared %}
        {{ field }},
        {%- endfor %}
        row_number() OVER (PARTITION BY {{ key }} ORDER BY coalesce(source_stream, '') DESC, sequence_number DESC) AS {{ alias('newest') }}
    FROM {{ params.database }}.{{ tables.changes }}
    WHERE {{ asked }}
),

latest AS (
    SELECT *
    FROM numbered
    WHERE {{ alias('newest') }} = 1
),

standing AS (
    SELECT *
    FROM {{ params.database }}.{{ tables.current }}
    WHERE {{ asked }}
)

SELECT
    {{ key.either('latest', 'standing') }},
    {%- for side, name, absent in (('latest', 'latest_change', 'no change'), ('standing', 'current_state', 'no row')) %}
    CASE
        WHEN {{ side }}.{{ key[0] }} IS NULL THEN '{{ absent }}'
        ELSE
            concat_ws(
                ', ',
                {%- for field in compared %}
                CASE
                    WHEN latest.{{ field }} IS DISTINCT FROM standing.{{ field }}
                        THEN concat('{{ field | replace('"', '') }} ', coalesce(CAST({{ side }}.{{ field }} AS varchar), 'null'))
                END{{ '' if loop.last else ',' }}
                {%- endfor %}
            )
    END AS {{ alias(name) }}{{ '' if loop.last else ',' }}
    {%- endfor %}
FROM latest
FULL OUTER JOIN standing ON {{ key.equal('latest', 'standing') }}
WHERE
    {%- for field in compared %}
    {{ '' if loop.first else 'OR ' }}latest.{{ field }} IS DISTINCT FROM standing.{{ field }}
    {%- endfor %}
ORDER BY {{ key }}
