-- Which changes made an order of exactly five laptops?
-- Daily: of the hours that have changed since the last batch that passed.
-- An object that others put into raw/ can make the column a text. A value that is no number is ignored then.
{%- set quantity = 'try_cast(quantity AS bigint)' if 'quantity' in (ti.xcom_pull(task_ids='verify_raw_table') or {}).get('foreign_types', {}) else 'quantity' %}
SELECT *
FROM {{ params.database }}.raw_orders
WHERE
    product_name = 'laptop' AND {{ quantity }} = 5
    {%- if params.changed is defined %}
    AND {{ params.changed.raw() }}
    {%- endif %}
ORDER BY creation_time, orderid, sequence_number
