-- Is every change in the change log once? Rows: identities that are there more often.
SELECT orderid, sequence_number, count(*) AS times
FROM {{ params.database }}.orders_changes
GROUP BY orderid, sequence_number
HAVING count(*) > 1
ORDER BY orderid, sequence_number
