-- When did this order change last, as the current state has it? A deleted order has its time there, too.
{%- macro text(pieces) %}{{ '?' if pieces == 1 else 'concat(' ~ (['?'] * pieces) | join(', ') ~ ')' }}{% endmacro %}
SELECT creation_time
FROM {{ params.database }}.{{ tables.current }}
WHERE
    {%- for column in key %}
    {{ 'AND ' if not loop.first }}{{ column }} = {{ text(params.pieces[loop.index0]) }}
    {%- endfor %}
