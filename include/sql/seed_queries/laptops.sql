-- Which changes concern laptops?
-- Daily: of the hours that have changed since the last batch that passed.
SELECT *
FROM {{ params.database }}.raw_orders
WHERE
    product_name = 'laptop'
    {%- if params.changed is defined %}
    AND {{ params.changed.raw() }}
    {%- endif %}
ORDER BY creation_time, orderid, sequence_number
