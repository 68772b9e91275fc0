-- Is every delete a row with the order's key and without values? Rows: deletes that carry values.
-- Objects that others put into raw/ are not judged.
-- Daily it reads the hours that have changed since the last batch that passed. It cannot see an older object that somebody altered.
SELECT {{ key }}, sequence_number, {{ fields | join(', ') }}
FROM {{ params.database }}.{{ tables.raw }}
WHERE
    event_type = 'REMOVE'
    AND ("$path" LIKE '%/{{ params.delivery }}-%' OR "$path" LIKE '%/redrive-%')
    AND ({{ fields | join(' IS NOT NULL OR ') }} IS NOT NULL)
    {%- if params.changed is defined %}
    AND {{ params.changed.raw() }}
    {%- endif %}
ORDER BY {{ key }}, sequence_number
