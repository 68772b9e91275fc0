-- What happened to this order, change by change? The newest five hundred lines; a change that was delivered twice may show twice.
SELECT *
FROM {{ params.database }}.{{ params.table }}
WHERE orderid = ?
ORDER BY sequence_number DESC
LIMIT 500
