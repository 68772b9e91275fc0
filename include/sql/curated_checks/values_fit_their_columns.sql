-- Do the values of this run's changes fit their columns, but for the share that the parameter rescued_share allows?
-- Rows: twenty changes with rescued values, when there are more than that.
-- Daily it reads the days that have changed since the last batch that passed.
{%- set curated = ti.xcom_pull(task_ids='await_curation') %}
{%- set rescued = (curated.get('rescued') or {}).get('changes', 0) %}
SELECT {{ key }}, rescued_data, sequence_number
FROM {{ params.database }}.{{ tables.changes }}
WHERE
    rescued_data IS NOT NULL
    {%- if params.changed is defined %}
    AND {{ params.changed.times() }}
    {%- endif %}
    AND {{ rescued | int }} > DOUBLE '{{ params.rescued_share | float }}' * {{ curated['changes'] | int }}
ORDER BY creation_time DESC, {{ key | join(' ASC, ') }} ASC
LIMIT 20
