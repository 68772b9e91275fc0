-- What happened to this order, change by change? The newest five hundred rows; a duplicated change may have several.
SELECT *
FROM {{ params.database }}.{{ params.table }}
WHERE {{ key | join(' = ? AND ') }} = ?
ORDER BY {{ 'creation_time' if params.table == tables.raw else "coalesce(source_stream, '')" }} DESC, sequence_number DESC
LIMIT 500
