-- Which orders exist, and what are their values? One row an order; a deleted order has no row.
CREATE OR REPLACE VIEW {{ params.database }}.{{ tables.view }} AS
SELECT
    {%- for column in contract.columns.keys() | list + ti.xcom_pull(task_ids='await_curation')['attributes'] %}
    "{{ column }}"{{ '' if loop.last else ',' }}
    {%- endfor %}
FROM {{ params.database }}.{{ tables.current }}
WHERE NOT is_deleted
