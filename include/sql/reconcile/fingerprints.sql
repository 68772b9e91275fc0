-- What does each current order contain? One row an order: a hash over its columns' names, lengths and texts, and whether it is an orphan.
-- With lists of keys it has only the orders of the lists that are asked for, and orphans: orders that are in no list although they have
-- not changed since the oldest list was made, so that DynamoDB may not hold them any more. It reads the whole table either way.
SELECT
    {{ key.of('kept') }},
    {%- if params.compared is defined %}
    CAST(listed.{{ key[0] }} IS NULL AS varchar) AS {{ alias('is_orphan') }},
    {%- else %}
    'false' AS {{ alias('is_orphan') }},
    {%- endif %}
    lower(to_hex(sha256(to_utf8(
        {%- for columns in params.columns | batch(100) %}
        {%- if not loop.first %} || {% endif %}
        array_join(ARRAY[
            {%- for column in columns %}
            '{{ column }}:' || CAST(length(CAST(kept."{{ column }}" AS varchar)) AS varchar)
            || ':' || CAST(kept."{{ column }}" AS varchar){{ '' if loop.last else ',' }}
            {%- endfor %}
        ], '')
        {%- endfor %}
    )))) AS fingerprint
FROM {{ params.database }}.{{ tables.current }} AS kept
{%- if params.compared is defined %}
LEFT JOIN (
    SELECT {{ key }}, bool_or({{ alias('list') }} IN ('{{ params.asked | join("', '") }}')) AS {{ alias('is_asked') }}
    FROM {{ params.compared }}
    WHERE {{ alias('list') }} IN ('{{ (params.asked + params.known) | join("', '") }}')
    GROUP BY {{ key }}
) AS listed
    ON {{ key.equal('kept', 'listed') }}
{%- endif %}
WHERE
    NOT kept.is_deleted
    {%- if params.compared is defined %}
    AND (
        listed.{{ alias('is_asked') }}
        OR (listed.{{ key[0] }} IS NULL AND kept.creation_time < TIMESTAMP '{{ params.oldest }}')
    )
    {%- endif %}
