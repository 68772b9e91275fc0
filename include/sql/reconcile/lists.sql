-- Which orders did each comparison of a part see? This makes the table over the lists of their keys, unless it exists.
CREATE EXTERNAL TABLE IF NOT EXISTS `{{ contract.table('compared') }}` (
    {%- for each in contract.key %}
    `{{ each.column }}` string,
    {%- endfor %}
    `{{ alias('list') }}` string
)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://{{ params.bucket }}/{{ params.folder }}'
