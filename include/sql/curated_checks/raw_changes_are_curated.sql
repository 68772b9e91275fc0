-- Is every change of the curated raw objects in the change log or in the quarantine? Rows: changes that are in neither.
-- Reconciliation checks the other direction, because raw objects may be deleted once they are curated.
-- Objects that others put into raw/ are not judged: their lines may be no change events.
-- Daily it reads the hours and days that have changed since the last batch that passed. It cannot see that an older change was deleted
-- from the change log, nor a change whose day the job has read wrongly.
WITH taken AS (
    SELECT DISTINCT object
    FROM {{ params.database }}.{{ tables.intake }}
    {%- if params.changed is defined %}
    WHERE {{ params.changed.objects('"object"') }}
    {%- endif %}
),

delivered AS (
    SELECT
        {{ key.of('raw') }},
        coalesce(raw.source_stream, '') AS source_stream,
        lpad(raw.sequence_number, 40, '0') AS sequence_number,
        min(taken.object) AS {{ alias('source_object') }}
    FROM {{ params.database }}.{{ tables.raw }} AS raw
    INNER JOIN taken ON substr(raw."$path", strpos(raw."$path", '/raw/') + 1) = taken.object
    WHERE
        NOT regexp_like(raw.{{ probed }}, '{{ params.probe }}')
        AND raw.sequence_number IS NOT NULL
        AND (raw."$path" LIKE '%/{{ params.delivery }}-%' OR raw."$path" LIKE '%/redrive-%')
        {%- if params.changed is defined %}
        AND {{ params.changed.raw() }}
        AND {{ params.changed.day_texts('raw.creation_time') }}
        {%- endif %}
    GROUP BY {{ key.of('raw') }}, coalesce(raw.source_stream, ''), lpad(raw.sequence_number, 40, '0')
),

kept AS (
    SELECT {{ key }}, coalesce(source_stream, '') AS source_stream, sequence_number
    FROM {{ params.database }}.{{ tables.changes }}
    {%- if params.changed is defined %}
    WHERE {{ params.changed.times() }}
    {%- endif %}
    UNION
    SELECT
        {%- for each in contract.key %}
        json_extract_scalar(raw_line, '$.{{ each.member }}') AS {{ key[loop.index0] }},
        {%- endfor %}
        coalesce(json_extract_scalar(raw_line, '$.source_stream'), '') AS source_stream,
        lpad(json_extract_scalar(raw_line, '$.sequence_number'), 40, '0') AS sequence_number
    FROM {{ params.database }}.{{ tables.quarantine }}
    {%- if params.changed is defined %}
    WHERE {{ params.changed.objects('source_object') }}
    {%- endif %}
)

SELECT {{ key.of('delivered') }}, delivered.source_stream, delivered.sequence_number, delivered.{{ alias('source_object') }}
FROM delivered
LEFT JOIN kept
    ON
        {{ key.equal('delivered', 'kept') }}
        AND delivered.source_stream = kept.source_stream
        AND delivered.sequence_number = kept.sequence_number
WHERE kept.{{ key[0] }} IS NULL
ORDER BY {{ key.of('delivered') }}, delivered.source_stream, delivered.sequence_number
