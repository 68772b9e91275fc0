-- Which values did each order have, and from when until when? A REMOVE closes the version before it and is no version itself.
-- The columns are named, because Athena calls a view of * stale when its table gets a new column.
CREATE OR REPLACE VIEW {{ params.database }}.{{ tables.history }} AS
SELECT
    {%- for column in contract.columns.keys() | list + ti.xcom_pull(task_ids='await_curation')['attributes'] %}
    "{{ column }}",
    {%- endfor %}
    valid_from,
    valid_to,
    valid_to IS NULL AS is_current
FROM (
    SELECT
        *,
        creation_time AS valid_from,
        lead(creation_time) OVER (PARTITION BY {{ key }} ORDER BY coalesce(source_stream, ''), sequence_number) AS valid_to
    FROM {{ params.database }}.{{ tables.changes }}
) AS versions
WHERE event_type <> 'REMOVE'
