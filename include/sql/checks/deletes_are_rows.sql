-- Is every delete a row with the order's key and without values? Rows: deletes that carry values.
-- Objects that others put into raw/ are not judged.
{%- set fields = contract.fields | map(attribute='column') | list %}
SELECT orderid, sequence_number, {{ fields | join(', ') }}
FROM {{ params.database }}.raw_orders
WHERE
    event_type = 'REMOVE'
    AND ("$path" LIKE '%/{{ params.delivery }}-%' OR "$path" LIKE '%/redrive-%')
    AND ({{ fields | join(' IS NOT NULL OR ') }} IS NOT NULL)
ORDER BY orderid, sequence_number
