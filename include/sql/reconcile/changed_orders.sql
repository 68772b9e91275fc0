-- Which orders have a change in the raw objects of these hours? One row an order, whether it is deleted or not.
SELECT DISTINCT {{ key.of('kept') }}
FROM {{ params.database }}.{{ tables.current }} AS kept
INNER JOIN {{ params.database }}.{{ tables.raw }} AS raw
    ON {{ key.equal('kept', 'raw') }}
WHERE
    {%- for day, hours in params.hours_by_day %}
    {{ '' if loop.first else 'OR ' }}(raw.dt = '{{ day }}' AND raw.hr IN ('{{ hours | join("', '") }}'))
    {%- endfor %}
