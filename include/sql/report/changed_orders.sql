-- What were the values of changed orders before and after this run? Twenty orders, of each event type in turn.
-- Daily: of the days that have changed since the last batch that passed. The state before is read from the change log of the days of the
-- insights, whose files are of one day each: those of the current state hold orders of all days.
{%- set curated = ti.xcom_pull(task_ids='await_curation') %}
{%- set travel = curated['time_travel'] %}
{%- set daily = params.changed is defined %}
{%- set before = travel.get('log_before') if daily else travel['before'] %}
{%- set known = travel.get('log_columns_before', []) if daily else travel['columns_before'] %}
{%- set columns = contract.fields | map(attribute='column') | list + ['creation_time', 'rescued_data'] + curated['attributes'] %}
WITH later AS (
    SELECT *
    FROM {{ params.database }}.{{ tables.current }}{% if travel['after'] %} FOR VERSION AS OF {{ travel['after'] | int }}{% endif %}
    {%- if daily %}
    WHERE {{ params.changed.times() }}
    {%- endif %}
),

earlier AS (
    {%- if not before %}
    SELECT *
    FROM later
    WHERE false
    {%- elif daily %}
    SELECT *
    FROM (
        SELECT
            *,
            event_type = 'REMOVE' AS is_deleted,
            row_number() OVER (PARTITION BY {{ key }} ORDER BY coalesce(source_stream, '') DESC, sequence_number DESC) AS {{ alias('newest') }}
        FROM {{ params.database }}.{{ tables.changes }} FOR VERSION AS OF {{ before | int }}
        WHERE creation_time >= TIMESTAMP '{{ params.from_day }} 00:00:00'
    )
    WHERE {{ alias('newest') }} = 1
    {%- else %}
    SELECT *
    FROM {{ params.database }}.{{ tables.current }} FOR VERSION AS OF {{ before | int }}
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
        {%- if not before or column in known %}
        earlier."{{ column }}" AS "before_{{ column }}",
        {%- endif %}
        later."{{ column }}" AS "after_{{ column }}",
        {%- endfor %}
        row_number() OVER (PARTITION BY later.event_type ORDER BY coalesce(later.source_stream, '') DESC, later.sequence_number DESC) AS {{ alias('turn') }}
    FROM later
    LEFT JOIN earlier ON {{ key.equal('later', 'earlier') }}
    WHERE
        {%- if daily %}
        (earlier.event_id IS NOT NULL OR later.event_type = 'INSERT')
        AND
        {%- endif %}
        (earlier.event_id IS NULL OR later.event_id <> earlier.event_id)
)

SELECT *
FROM changed
ORDER BY {{ alias('turn') }}, event_type, {{ key }}
LIMIT 20
