-- How does this order stand in the current state? No row: it does not stand there, or it was deleted.
{%- macro text(pieces) %}{{ '?' if pieces == 1 else 'concat(' ~ (['?'] * pieces) | join(', ') ~ ')' }}{% endmacro %}
SELECT *
FROM {{ params.database }}.{{ tables.view }}
WHERE
    {%- for column in key %}
    {{ 'AND ' if not loop.first }}{{ column }} = {{ text(params.pieces[loop.index0]) }}
    {%- endfor %}
