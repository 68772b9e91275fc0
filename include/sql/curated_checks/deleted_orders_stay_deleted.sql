-- Are all deleted orders marked as deleted? Rows: orders with a later delete, and orders whose mark contradicts their last change.
-- Daily it reads the deletes, and the current rows, of the days that have changed since the last batch that passed. An order whose current
-- row is of an older day is found by current_is_the_latest_change.
{%- set asked = params.changed.times() if params.changed is defined else 'true' %}
{%- set asked = key[0] ~ ' IN (' ~ params.orders ~ ')' if params.orders is defined else asked %}
WITH deletes AS (
    SELECT {{ key }}, max(concat(coalesce(source_stream, ''), ' ', sequence_number)) AS {{ alias('last_delete') }}
    FROM {{ params.database }}.{{ tables.changes }}
    WHERE event_type = 'REMOVE' AND {{ asked }}
    GROUP BY {{ key }}
),

standing AS (
    SELECT {{ key }}, event_type, source_stream, sequence_number, is_deleted
    FROM {{ params.database }}.{{ tables.current }}
    WHERE {{ asked }}
)

SELECT {{ key.of('standing') }}, standing.event_type, standing.sequence_number, standing.is_deleted, deletes.{{ alias('last_delete') }}
FROM standing
LEFT JOIN deletes ON {{ key.equal('standing', 'deletes') }}
WHERE
    standing.is_deleted <> (standing.event_type = 'REMOVE')
    OR (NOT standing.is_deleted AND deletes.{{ alias('last_delete') }} > concat(coalesce(standing.source_stream, ''), ' ', standing.sequence_number))
ORDER BY {{ key.of('standing') }}
