-- pieces: the partition's rows of mapped_dispositions, each with the deciding event as rebound_returns has it, not as the row says.
WITH
mapped AS (
    SELECT * FROM mapped_dispositions WHERE marketplace = $marketplace AND day = $day
),
events AS (
    SELECT r.piece_id, r.event_key, r.event, r.lane, r.event_time, r.event_rank, coalesce(r.version, 0) AS version, r.document_id
    FROM rebound_returns r
    WHERE r.marketplace IS NOT NULL AND r.piece_id IN (SELECT piece_id FROM mapped)
),
lanes AS (  -- the lane that the last document to name one named
    SELECT DISTINCT ON (piece_id) piece_id, lane
    FROM events
    WHERE lane IS NOT NULL
    ORDER BY piece_id, event_time DESC, event_rank DESC, version DESC, document_id DESC
),
deciding AS (
    SELECT piece_id, event_key, min(event) AS event
    FROM events
    GROUP BY piece_id, event_key
)
SELECT
    m.piece_id, coalesce(m.order_ref, '') AS order_id, coalesce(m.outcome, '(none)') AS outcome, coalesce(m.cause, '') AS cause,
    coalesce(l.lane, $default_lane) || ':' || coalesce(d.event, '(no such event)') AS lane_event,
    concat_ws(
        ', ',
        CASE WHEN m.outcome = 'exception' AND m.exception_class IS NULL THEN 'exception_class' END,
        CASE WHEN m.outcome = 'exception' AND m.cause IS NULL THEN 'cause' END,
        CASE WHEN m.outcome = 'exception' AND coalesce(m.todo, '') = '' THEN 'todo' END,
        CASE WHEN m.outcome = 'hold' AND coalesce(m.waits_for, '') = '' THEN 'waits_for' END,
        CASE WHEN m.outcome = 'no_refund' AND m.rule IS NULL THEN 'rule' END,
        CASE WHEN m.outcome = 'refund' AND m.order_line_id IS NULL THEN 'order_line_id' END,
        CASE WHEN m.outcome = 'refund' AND m.rule IS NULL THEN 'rule' END
    ) AS not_said
FROM mapped m
LEFT JOIN lanes l USING (piece_id)
LEFT JOIN deciding d ON d.piece_id = m.piece_id AND d.event_key = m.event_key
ORDER BY m.piece_id
