-- How many orders were inserted, updated and deleted, over time? A duplicated change counts once.
WITH changes AS (
    {% if params.table == tables.raw -%}
    SELECT DISTINCT
        {{ key }},
        sequence_number,
        event_type,
        CAST(try(from_iso8601_timestamp(creation_time)) AS timestamp) AS creation_time
    FROM {{ params.database }}.{{ params.table }}
    WHERE dt >= '{{ params.from_day }}' AND NOT regexp_like({{ probed }}, '{{ params.probe }}')
    {%- else -%}
    SELECT
        event_type,
        creation_time
    FROM {{ params.database }}.{{ params.table }}
    WHERE creation_time >= TIMESTAMP '{{ params.from_time }}'
    {%- endif %}
)

SELECT
    date_trunc('{{ params.unit }}', creation_time) AS change_time,
    count(CASE WHEN event_type = 'INSERT' THEN 1 END) AS inserts,
    count(CASE WHEN event_type = 'MODIFY' THEN 1 END) AS updates,
    count(CASE WHEN event_type = 'REMOVE' THEN 1 END) AS deletes
FROM changes
WHERE creation_time >= TIMESTAMP '{{ params.from_time }}' AND creation_time <= TIMESTAMP '{{ params.until_time }}'
GROUP BY date_trunc('{{ params.unit }}', creation_time)
ORDER BY change_time
