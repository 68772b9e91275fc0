-- Are all deleted orders marked as deleted? Rows: orders with a later delete, and orders whose mark contradicts their last change.
WITH deletes AS (
    SELECT orderid, max(concat(coalesce(source_stream, ''), ' ', sequence_number)) AS last_delete
    FROM {{ params.database }}.orders_changes
    WHERE event_type = 'REMOVE'
    GROUP BY orderid
)

SELECT standing.orderid, standing.event_type, standing.sequence_number, standing.is_deleted, deletes.last_delete
FROM {{ params.database }}.orders_current AS standing
LEFT JOIN deletes ON standing.orderid = deletes.orderid
WHERE
    standing.is_deleted <> (standing.event_type = 'REMOVE')
    OR (NOT standing.is_deleted AND deletes.last_delete > concat(coalesce(standing.source_stream, ''), ' ', standing.sequence_number))
ORDER BY standing.orderid
