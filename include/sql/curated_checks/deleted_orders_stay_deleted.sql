-- Are all deleted orders marked as deleted? Rows: orders with a later delete, and orders whose mark contradicts their last change.
WITH deletes AS (
    SELECT {{ key }}, max(concat(coalesce(source_stream, ''), ' ', sequence_number)) AS {{ alias('last_delete') }}
    FROM {{ params.database }}.{{ tables.changes }}
    WHERE event_type = 'REMOVE'
    GROUP BY {{ key }}
)

SELECT {{ key.of('standing') }}, standing.event_type, standing.sequence_number, standing.is_deleted, deletes.{{ alias('last_delete') }}
FROM {{ params.database }}.{{ tables.current }} AS standing
LEFT JOIN deletes ON {{ key.equal('standing', 'deletes') }}
WHERE
    standing.is_deleted <> (standing.event_type = 'REMOVE')
    OR (NOT standing.is_deleted AND deletes.{{ alias('last_delete') }} > concat(coalesce(standing.source_stream, ''), ' ', standing.sequence_number))
ORDER BY {{ key.of('standing') }}
