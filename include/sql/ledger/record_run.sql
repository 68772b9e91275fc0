-- What happened to the changes of this run? This adds a row for each event type; lags are null without a new change.
INSERT INTO {{ params.database }}.pipeline_ledger
VALUES
{%- for entry in params.entries %}
    (
        '{{ params.run_id | replace("'", "''") }}',
        TIMESTAMP '{{ params.run_at }}',
        '{{ entry.event_type }}',
        {{ entry.written }},
        {{ entry.captured }},
        {{ entry.delivered }},
        {{ entry.failed }},
        {{ entry.dropped }},
        {{ entry.curated }}
        {%- for lag in entry.lags %},
        CAST({{ 'NULL' if lag is none else "'%s'" | format(lag) }} AS double)
        {%- endfor %}
    ){{ '' if loop.last else ',' }}
{%- endfor %}
