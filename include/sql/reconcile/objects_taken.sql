-- Which raw objects has the job curated, and with which content? One row an object; of some folders and objects only, if they are given.
SELECT object, etag
FROM {{ params.database }}.{{ tables.intake }}
{%- if params.prefixes is defined %}
WHERE
    {%- for prefix in params.prefixes %}
    {%- set text = prefix | replace("'", "''") %}
    {{ '' if loop.first else 'OR ' }}
    {%- if text.endswith('/') -%}
        ("object" >= '{{ text }}' AND "object" < '{{ text[:-1] }}0')
    {%- else -%}
        "object" = '{{ text }}'
    {%- endif %}
    {%- else %}
    false
    {%- endfor %}
{%- endif %}
