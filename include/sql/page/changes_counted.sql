-- How many changes are there, each counted once?
{%- if params.table == tables.raw %}
SELECT count(*) AS changes
FROM (
    SELECT DISTINCT
        {{ key }},
        sequence_number
    FROM {{ params.database }}.{{ params.table }}
    WHERE NOT regexp_like({{ probed }}, '{{ params.probe }}')
) AS known
{%- else %}
SELECT count(*) AS changes
FROM {{ params.database }}.{{ params.table }}
{%- endif %}
