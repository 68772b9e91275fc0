-- Does the change log have every change once? Rows: identities that it has more than once.
{%- if params.changed is defined %}
-- Daily it reads the days that have changed since the last batch that passed. It cannot see a copy with another time, in another day.
{%- endif %}
SELECT {{ key }}, source_stream, sequence_number, count(*) AS {{ alias('times') }}
FROM {{ params.database }}.{{ tables.changes }}
{%- if params.orders is defined %}
WHERE {{ key[0] }} IN ({{ params.orders }})
{%- elif params.changed is defined %}
WHERE {{ params.changed.times() }}
{%- endif %}
GROUP BY {{ key }}, source_stream, sequence_number
HAVING count(*) > 1
ORDER BY {{ key }}, source_stream, sequence_number
