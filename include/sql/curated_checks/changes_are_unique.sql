-- Does the change log have every change once? Rows: identities that it has more than once.
SELECT orderid, source_stream, sequence_number, count(*) AS times
FROM {{ params.database }}.orders_changes
GROUP BY orderid, source_stream, sequence_number
HAVING count(*) > 1
ORDER BY orderid, source_stream, sequence_number
