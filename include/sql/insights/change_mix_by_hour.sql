-- How many orders are placed, changed, deleted and expired in each hour?
SELECT
    date_trunc('hour', creation_time) AS change_hour,
    count(*) AS changes,
    count(CASE WHEN event_type = 'INSERT' THEN 1 END) AS inserts,
    count(CASE WHEN event_type = 'MODIFY' THEN 1 END) AS modifies,
    count(CASE WHEN event_type = 'REMOVE' AND actor = 'user' THEN 1 END) AS removes_by_users,
    count(CASE WHEN event_type = 'REMOVE' AND actor = 'ttl' THEN 1 END) AS removes_by_expiry,
    count(DISTINCT orderid) AS orders
FROM {{ params.database }}.orders_changes
WHERE
    creation_time >= TIMESTAMP '{{ params.from_day }} 00:00:00'
    AND creation_time < TIMESTAMP '{{ params.until_day }} 00:00:00'
GROUP BY date_trunc('hour', creation_time)
ORDER BY change_hour
