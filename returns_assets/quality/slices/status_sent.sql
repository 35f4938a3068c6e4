-- The steps that would be sent, beside the events and the return as they were read: not the planning's own columns.
WITH
said AS (  -- what each step may rest on; the lane and its own list of events are the planning's matter
    SELECT
        return_id, bool_or(event_rank BETWEEN 30 AND 79) AS received, bool_or(event_rank BETWEEN 20 AND 79) AS moved,
        bool_or(event IN ('RETURN_CLOSED', 'RETURN_CANCELLED')) AS ended, bool_or(event = 'RETURN_CANCELLED') AS cancelled
    FROM rebound_returns
    WHERE marketplace = $marketplace
    GROUP BY return_id
)
SELECT
    a.return_id, a.mirakl_return_id, a.step, a.mirakl_return_id || '/' || a.step AS sent_key,
    CASE WHEN a.order_ref IS NULL OR a.order_ref IN (m.order_id, m.commercial_id) THEN 'yes' ELSE 'no' END AS order_agrees,
    CASE
        WHEN a.step IN ('received', 'compliance') AND s.received THEN 'event'
        WHEN a.step = 'closed' AND s.received AND s.ended THEN 'event'
        WHEN a.step = 'cancelled' AND s.cancelled AND NOT s.moved THEN 'event'
        ELSE 'nothing'
    END AS rests_on
FROM return_status_actions a
LEFT JOIN marketplace_returns m ON m.marketplace = a.marketplace AND m.day = a.day AND m.mirakl_return_id = a.mirakl_return_id
LEFT JOIN said s ON s.return_id = a.return_id
WHERE a.marketplace = $marketplace AND a.day = $day AND a.outcome = 'send'
