-- Which orders hold a value that does not fit its column? The fifty that changed last, with the count of all.
SELECT
    {{ key }},
    creation_time,
    count(*) OVER () AS {{ alias('holding') }},
    min(creation_time) OVER () AS {{ alias('since') }},
    max(creation_time) OVER () AS {{ alias('newest') }}
FROM {{ params.database }}.{{ tables.current }}
WHERE rescued_data IS NOT NULL AND NOT is_deleted
ORDER BY creation_time DESC, {{ key | join(' ASC, ') }} ASC
LIMIT 50
