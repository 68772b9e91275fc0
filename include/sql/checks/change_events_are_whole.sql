-- Does every change event say which order, what, when and in which order? Rows: those that do not.
SELECT "$path" AS source_object, orderid, event_type, creation_time, event_id, sequence_number
FROM {{ params.database }}.raw_orders
WHERE
    orderid IS NULL
    OR event_type IS NULL
    OR event_type NOT IN ('INSERT', 'MODIFY', 'REMOVE')
    OR creation_time IS NULL
    OR event_id IS NULL
    OR sequence_number IS NULL
    OR length(sequence_number) <> 40
ORDER BY source_object
