-- Is every delete a row with the order's key and without values? Rows: deletes that carry values.
-- Objects that others put into raw/ are not judged.
SELECT {{ key }}, sequence_number, {{ fields | join(', ') }}
FROM {{ params.database }}.{{ tables.raw }}
WHERE
    event_type = 'REMOVE'
    AND ("$path" LIKE '%/{{ params.delivery }}-%' OR "$path" LIKE '%/redrive-%')
    AND ({{ fields | join(' IS NOT NULL OR ') }} IS NOT NULL)
ORDER BY {{ key }}, sequence_number
