-- Does every order that changed begin with its insert? Rows: orders whose first change is no insert.
-- Orders that are older than the table's stream, or whose insert was lost, have no insert. So an order may begin with any change
-- until the last backfill or repair has ended. A sequence number orders one stream only, so the stream's label comes first; a change
-- without a label is the oldest.
-- Objects that others put into raw/ are not judged.
-- Daily it reads the hours that have changed since the last batch that passed, and judges the orders that the job found to be new. It
-- cannot see that the insert of an older order was deleted.
{%- set mended_until = (ti.xcom_pull(task_ids='wait_for_delivery') or {}).get('mended_until') %}
WITH numbered AS (
    SELECT
        {{ key }},
        event_type,
        sequence_number,
        creation_time,
        row_number() OVER (PARTITION BY {{ key }} ORDER BY coalesce(source_stream, ''), sequence_number) AS {{ alias('position') }}
    FROM {{ params.database }}.{{ tables.raw }}
    WHERE
        NOT regexp_like({{ probed }}, '{{ params.probe }}')
        AND ("$path" LIKE '%/{{ params.delivery }}-%' OR "$path" LIKE '%/redrive-%')
        {%- if params.changed is defined %}
        AND {{ params.changed.raw() }}
        AND {{ key[0] }} IN ({{ params.changed.orders_without_insert }})
        {%- endif %}
)

SELECT {{ key }}, event_type, sequence_number, creation_time
FROM numbered
WHERE
    {{ alias('position') }} = 1
    AND event_type <> 'INSERT'
    {%- if mended_until %}
    AND creation_time > '{{ mended_until }}'
    {%- endif %}
ORDER BY {{ key }}
