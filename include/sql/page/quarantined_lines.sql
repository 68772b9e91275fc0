-- Which lines of raw objects are no change event, and why? One page of them, those of the newest objects first, and how many there are.
{%- set place, total = alias('page_place'), alias('page_total') %}
SELECT reason, raw_line, source_object, line_number, {{ total }}
FROM (
    SELECT
        reason,
        raw_line,
        source_object,
        line_number,
        count(*) OVER () AS {{ total }},
        row_number() OVER (ORDER BY source_object DESC, line_number) AS {{ place }}
    FROM {{ params.database }}.{{ tables.quarantine }}
) AS numbered
WHERE {{ place }} > {{ params.skip }} AND {{ place }} <= {{ params.skip }} + {{ params.size }}
ORDER BY {{ place }}
