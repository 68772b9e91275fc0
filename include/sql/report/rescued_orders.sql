-- Which orders hold a value that does not fit its column? Those that changed last, with the count of all rows.
-- Daily: of the orders of the days that have changed since the last batch that passed, those that hold one now, and those that held one
-- then; the ledger knows the others.
SELECT
    {{ key }},
    creation_time,
    rescued_data IS NOT NULL AND NOT is_deleted AS {{ alias('holds') }},
    count(*) OVER () AS {{ alias('found') }},
    min(creation_time) OVER () AS {{ alias('since') }},
    max(creation_time) OVER () AS {{ alias('newest') }}
FROM {{ params.database }}.{{ tables.current }}
WHERE
    {%- if params.holders is defined %}
    {{ params.changed.times() }}
    AND ((rescued_data IS NOT NULL AND NOT is_deleted) OR {{ key[0] }} IN ({{ params.holders }}))
    {%- else %}
    rescued_data IS NOT NULL AND NOT is_deleted
    {%- endif %}
ORDER BY creation_time DESC, {{ key | join(' ASC, ') }} ASC
LIMIT 999
