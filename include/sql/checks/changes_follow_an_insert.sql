-- Does every order that changed begin with its insert? Rows: orders whose first change is none.
-- Orders that are older than the table's stream have no insert: until the last backfill ended, one may begin in any way.
{%- set backfilled_until = (ti.xcom_pull(task_ids='wait_for_delivery') or {}).get('backfilled_until') %}
WITH numbered AS (
    SELECT
        orderid,
        event_type,
        sequence_number,
        creation_time,
        row_number() OVER (PARTITION BY orderid ORDER BY sequence_number) AS position
    FROM {{ params.database }}.raw_orders
    WHERE orderid NOT LIKE '%probe%'
)

SELECT orderid, event_type, sequence_number, creation_time
FROM numbered
WHERE
    position = 1
    AND event_type <> 'INSERT'
    {%- if backfilled_until %}
    AND creation_time > '{{ backfilled_until }}'
    {%- endif %}
ORDER BY orderid
