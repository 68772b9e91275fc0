-- Does every delivered change event have its order, type, time, id and sequence number? Rows: events that lack one of them.
-- The check skips objects that others put into raw/; the curate job quarantines their bad lines.
-- Daily it reads the hours that have changed since the last batch that passed. It cannot see an older object that somebody altered.
SELECT "$path" AS {{ alias('source_object') }}, {{ key }}, event_type, creation_time, event_id, sequence_number
FROM {{ params.database }}.{{ tables.raw }}
WHERE
    "$path" LIKE '%/{{ params.delivery }}-%'
    AND (
        {{ key | join(' IS NULL\n        OR ') }} IS NULL
        OR event_type IS NULL
        OR event_type NOT IN ('INSERT', 'MODIFY', 'REMOVE')
        OR creation_time IS NULL
        OR event_id IS NULL
        OR sequence_number IS NULL
        OR length(sequence_number) <> 40
    )
    {%- if params.changed is defined %}
    AND {{ params.changed.raw() }}
    {%- endif %}
ORDER BY {{ alias('source_object') }}
