-- Which lines of raw objects are no change event, and why? One page of them, those of the newest objects first, and how many there are.
-- With an object's name, only lines of objects from there on: their names begin with the day on which they came.
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
    {%- if params.from_object %}
    WHERE source_object >= '{{ params.from_object }}'
    {%- endif %}
) AS numbered
WHERE {{ place }} > {{ params.skip }} AND {{ place }} <= {{ params.skip }} + {{ params.size }}
ORDER BY {{ place }}
