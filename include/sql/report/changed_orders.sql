-- What were the values of changed orders before and after this run? Twenty orders, of each event type in turn.
-- Daily: of the days that have changed since the last batch that passed, and with the state before if it is of the days of the insights.
{%- set curated = ti.xcom_pull(task_ids='await_curation') %}
{%- set travel = curated['time_travel'] %}
{%- set columns = contract.fields | map(attribute='column') | list + ['creation_time', 'rescued_data'] + curated['attributes'] %}
WITH later AS (
    SELECT *
    FROM {{ params.database }}.{{ tables.current }}{% if travel['after'] %} FOR VERSION AS OF {{ travel['after'] | int }}{% endif %}
    {%- if params.changed is defined %}
    WHERE {{ params.changed.times() }}
    {%- endif %}
),

earlier AS (
    SELECT *
    {%- if travel['before'] %}
    FROM {{ params.database }}.{{ tables.current }} FOR VERSION AS OF {{ travel['before'] | int }}
    {%- if params.changed is defined %}
    WHERE creation_time >= TIMESTAMP '{{ params.from_day }} 00:00:00'
    {%- endif %}
    {%- else %}
    FROM later
    WHERE false
    {%- endif %}
),

changed AS (
    SELECT
        {{ key.of('later') }},
        later.event_type,
        later.sequence_number,
        later.is_deleted AS after_is_deleted,
        coalesce(earlier.is_deleted, true) AS before_is_deleted,
        {%- for column in columns %}
        {%- if travel['before'] is none or column in travel['columns_before'] %}
        earlier."{{ column }}" AS "before_{{ column }}",
        {%- endif %}
        later."{{ column }}" AS "after_{{ column }}",
        {%- endfor %}
        row_number() OVER (PARTITION BY later.event_type ORDER BY coalesce(later.source_stream, '') DESC, later.sequence_number DESC) AS {{ alias('turn') }}
    FROM later
    LEFT JOIN earlier ON {{ key.equal('later', 'earlier') }}
    WHERE
        {%- if params.changed is defined %}
        (earlier.event_id IS NOT NULL OR later.event_type = 'INSERT')
        AND
        {%- endif %}
        (earlier.event_id IS NULL OR later.event_id <> earlier.event_id)
)

SELECT *
FROM changed
ORDER BY {{ alias('turn') }}, event_type, {{ key }}
LIMIT 20
