-- What happened to this order, change by change? The newest five hundred rows; a duplicated change may have several.
SELECT *
FROM {{ params.database }}.{{ params.table }}
WHERE orderid = ?
ORDER BY sequence_number DESC
LIMIT 500
