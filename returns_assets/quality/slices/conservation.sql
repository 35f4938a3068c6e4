-- conservation: every piece that the events give to this partition, and every piece that the partition has; one side empty = lost or invented.
-- A piece belongs to the day on which the latest of its definitive events was first received.
WITH
definitive AS (
    SELECT unnest($lane_events::VARCHAR[]) AS lane_event
),
today AS (
    SELECT DISTINCT piece_id
    FROM rebound_returns
    WHERE marketplace = $marketplace AND day = $day AND piece_id IS NOT NULL
),
mapped AS (
    SELECT piece_id, min(order_ref) AS order_id, count(*) AS copies
    FROM mapped_dispositions
    WHERE marketplace = $marketplace AND day = $day
    GROUP BY piece_id
),
events AS (
    SELECT r.piece_id, r.order_id, r.day, r.event_key, r.event, r.lane, r.event_time, r.event_rank, coalesce(r.version, 0) AS version, r.document_id
    FROM rebound_returns r
    WHERE r.marketplace = $marketplace AND (r.piece_id IN (SELECT piece_id FROM today) OR r.piece_id IN (SELECT piece_id FROM mapped))
),
lanes AS (
    SELECT DISTINCT ON (piece_id) piece_id, lane
    FROM events
    WHERE lane <> 'UNKNOWN'
    ORDER BY piece_id, event_time DESC, event_rank DESC, version DESC, document_id DESC
),
firsts AS (  -- each event once, on the day it first came
    SELECT piece_id, event_key, event, min(day) AS day, min(order_id) AS order_id
    FROM events
    GROUP BY piece_id, event_key, event
),
expected AS (
    SELECT f.piece_id, max(f.day) AS day, min(f.order_id) AS order_id
    FROM firsts f
    LEFT JOIN lanes l USING (piece_id)
    WHERE coalesce(l.lane, $default_lane) || ':' || f.event IN (SELECT lane_event FROM definitive)
    GROUP BY f.piece_id
    HAVING max(f.day) = $day
)
SELECT
    coalesce(e.piece_id, m.piece_id) AS piece_id, coalesce(e.order_id, m.order_id, '') AS order_id,
    (e.piece_id IS NOT NULL)::INTEGER AS in_events, coalesce(m.copies, 0)::INTEGER AS in_dispositions
FROM expected e
FULL JOIN mapped m USING (piece_id)
ORDER BY 1
