-- What does each current order contain? One row an order: a hash over its columns' names, lengths and texts.
SELECT
    {{ key }},
    lower(to_hex(sha256(to_utf8(
        {%- for columns in params.columns | batch(100) %}
        {%- if not loop.first %} || {% endif %}
        array_join(ARRAY[
            {%- for column in columns %}
            '{{ column }}:' || CAST(length(CAST("{{ column }}" AS varchar)) AS varchar)
            || ':' || CAST("{{ column }}" AS varchar){{ '' if loop.last else ',' }}
            {%- endfor %}
        ], '')
        {%- endfor %}
    )))) AS fingerprint
FROM {{ params.database }}.{{ tables.current }}
WHERE NOT is_deleted
