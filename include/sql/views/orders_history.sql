-- What did each order say, from when until when? A REMOVE closes the version before it and is no version itself.
CREATE OR REPLACE VIEW {{ params.database }}.orders_history AS
SELECT
    versions.*,
    versions.valid_to IS NULL AS is_current
FROM (
    SELECT
        changes.*,
        changes.creation_time AS valid_from,
        lead(changes.creation_time) OVER (PARTITION BY changes.orderid ORDER BY changes.sequence_number) AS valid_to
    FROM {{ params.database }}.orders_changes AS changes
) AS versions
WHERE versions.event_type <> 'REMOVE'
