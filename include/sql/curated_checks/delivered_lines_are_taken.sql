-- Were fewer than ten, or fewer than 1 %, of the pipeline's own lines of the last day quarantined? Rows: the reasons otherwise.
-- Daily it reads the hours that have changed since the last batch that passed: an older line in quarantine was counted then.
-- Single quarantined lines come from bad items. This many mean that the pipeline breaks its own contract.
WITH taken AS (
    SELECT object
    FROM {{ params.database }}.{{ tables.intake }}
    WHERE
        taken_at >= TIMESTAMP '{{ macros.ds_add(dag_run.start_date | ds, -1) }} 00:00:00'
        AND object LIKE '%/{{ params.delivery }}-%'
        {%- if params.changed is defined %}
        AND {{ params.changed.objects('"object"') }}
        {%- endif %}
),

refused AS (
    SELECT
        quarantined.reason,
        quarantined.source_object,
        quarantined.line_number,
        count(*) OVER () AS refused_lines
    FROM {{ params.database }}.{{ tables.quarantine }} AS quarantined
    INNER JOIN taken ON quarantined.source_object = taken.object
    {%- if params.changed is defined %}
    WHERE {{ params.changed.objects('quarantined.source_object') }}
    {%- endif %}
),

arrived AS (
    SELECT count(*) AS changes
    FROM {{ params.database }}.{{ tables.changes }}
    WHERE creation_time >= TIMESTAMP '{{ macros.ds_add(dag_run.start_date | ds, -2) }} 00:00:00'
)

SELECT
    refused.reason,
    count(*) AS quarantined_lines,
    min(refused.source_object) AS first_object
FROM refused
CROSS JOIN arrived
WHERE refused.refused_lines >= 10 AND refused.refused_lines * 100 >= arrived.changes
GROUP BY refused.reason
ORDER BY refused.reason
