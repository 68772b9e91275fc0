-- Does the rebuilt change log have every change of the live one? Rows: changes that no raw object holds any more.
{%- set plan = ti.xcom_pull(task_ids='plan_rebuild') %}
{%- if plan.get('has_changes') and not params.give_up_changes %}
SELECT {{ key.of('standing') }}, {{ 'standing.source_stream, ' if plan.has_streams }}standing.sequence_number, standing.creation_time
FROM {{ params.database }}.{{ live.changes }} AS standing
LEFT JOIN {{ params.database }}.{{ tables.changes }} AS rebuilt
    ON
        {{ key.equal('standing', 'rebuilt') }}
        AND standing.sequence_number = rebuilt.sequence_number
        {%- if plan.has_streams %}
        AND coalesce(standing.source_stream, '') = coalesce(rebuilt.source_stream, '')
        {%- endif %}
WHERE rebuilt.{{ key[0] }} IS NULL
ORDER BY {{ key.of('standing') }}, standing.sequence_number
{%- else %}
SELECT {{ key }}
FROM {{ params.database }}.{{ tables.changes }}
WHERE false
{%- endif %}
