-- Does every change event that the pipeline delivered say which order, what, when and in which order? Rows: those that do not.
-- Objects that others put into raw/ are not judged here: the curate job quarantines their bad lines.
SELECT "$path" AS source_object, orderid, event_type, creation_time, event_id, sequence_number
FROM {{ params.database }}.raw_orders
WHERE
    "$path" LIKE '%/{{ params.delivery }}-%'
    AND (
        orderid IS NULL
        OR event_type IS NULL
        OR event_type NOT IN ('INSERT', 'MODIFY', 'REMOVE')
        OR creation_time IS NULL
        OR event_id IS NULL
        OR sequence_number IS NULL
        OR length(sequence_number) <> 40
    )
ORDER BY source_object
