-- Which objects have lines in quarantine, and why? The twenty objects that were curated last.
-- Daily: of the hours that have changed since the last batch that passed.
WITH taken AS (
    SELECT object, max(taken_at) AS taken_at
    FROM {{ params.database }}.{{ tables.intake }}
    {%- if params.changed is defined %}
    WHERE {{ params.changed.objects('"object"') }}
    {%- endif %}
    GROUP BY object
),

refused AS (
    SELECT source_object, reason, count(*) AS lines, min(line_number) AS first_line
    FROM {{ params.database }}.{{ tables.quarantine }}
    {%- if params.changed is defined %}
    WHERE {{ params.changed.objects('source_object') }}
    {%- endif %}
    GROUP BY source_object, reason
)

SELECT refused.source_object, refused.reason, refused.lines, refused.first_line, taken.taken_at
FROM refused
LEFT JOIN taken ON refused.source_object = taken.object
ORDER BY taken.taken_at DESC, refused.source_object, refused.reason
LIMIT 20
