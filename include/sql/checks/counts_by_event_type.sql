-- Does the raw table have as many changes of each event type as the ledger says were written? Rows: types with fewer changes.
-- Daily it counts the changes that this batch has waited for, in the hours since they were written. It cannot see that objects of an
-- earlier batch were deleted.
{%- set delivery = ti.xcom_pull(task_ids='wait_for_delivery') %}
{%- set written = delivery['awaited'] if params.changed is defined else delivery['written'] %}
WITH written (event_type, changes) AS (
    VALUES
    {%- for event_type in ('INSERT', 'MODIFY', 'REMOVE') %}
        ('{{ event_type }}', {{ written[event_type] | int }}){{ '' if loop.last else ',' }}
    {%- endfor %}
),

found AS (
    SELECT event_type, count(*) AS changes
    FROM (
        SELECT DISTINCT {{ key }}, source_stream, sequence_number, event_type
        FROM {{ params.database }}.{{ tables.raw }}
        WHERE NOT regexp_like({{ probed }}, '{{ params.probe }}')
        {%- if params.changed is defined %}
        AND {{ params.changed.raw_since(delivery.get('since')) }}
        {%- endif %}
    )
    GROUP BY event_type
)

SELECT
    written.event_type,
    written.changes AS changes_written,
    coalesce(found.changes, 0) AS changes_found
FROM written
LEFT JOIN found ON written.event_type = found.event_type
WHERE coalesce(found.changes, 0) < written.changes
ORDER BY written.event_type
