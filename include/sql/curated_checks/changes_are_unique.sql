-- Does the change log have every change once? Rows: identities that it has more than once.
SELECT {{ key }}, source_stream, sequence_number, count(*) AS {{ alias('times') }}
FROM {{ params.database }}.{{ tables.changes }}
GROUP BY {{ key }}, source_stream, sequence_number
HAVING count(*) > 1
ORDER BY {{ key }}, source_stream, sequence_number
