-- status_cases, status_pieces: the fold of everything that ReBound and the warehouse said of the returns that have an event in the
-- partition, and of the other returns of the same orders (two of them may fit the same return of Mirakl's). As in fold.sql: duplicates
-- count once, disorder changes nothing. A return belongs to the day on which its latest event was first received.
CREATE OR REPLACE TEMP TABLE status_events AS
WITH todays AS (
    SELECT DISTINCT return_id FROM rebound_returns WHERE marketplace = $marketplace AND day = $day AND return_id IS NOT NULL
),
orders AS (
    SELECT DISTINCT r.order_id FROM rebound_returns r SEMI JOIN todays USING (return_id) WHERE r.marketplace = $marketplace AND r.order_id IS NOT NULL
),
concerned AS (
    SELECT return_id FROM todays
    UNION
    SELECT DISTINCT r.return_id FROM rebound_returns r SEMI JOIN orders USING (order_id)
    WHERE r.marketplace = $marketplace AND r.return_id IS NOT NULL
)
SELECT
    r.*, min(r.day) OVER (PARTITION BY r.return_id, r.event_key) AS first_day,
    ((epoch_us(r.event_time)::HUGEINT * 1000 + r.event_rank) * 10000 + least(coalesce(r.version, 0), 9999)) * 1000000000000
        + r.document_id AS ord
FROM rebound_returns r SEMI JOIN concerned USING (return_id)
WHERE r.marketplace = $marketplace;

CREATE OR REPLACE TEMP TABLE status_cases AS
WITH lanes AS (
    SELECT return_id, coalesce(arg_max(lane, ord) FILTER (lane <> 'UNKNOWN'), $default_lane) AS lane FROM status_events GROUP BY return_id
)
SELECT
    e.return_id, l.lane, arg_max(e.order_id, e.ord) AS order_ref, arg_max(e.rma, e.ord) AS rma,
    arg_max(e.mirakl_return_id, e.ord) AS mirakl_return_id, max(e.first_day) AS day,
    min(e.event_time) AS started_at,
    -- from the first postal scan on, whatever said so first: ranks below 20 announce, those from 80 on end the case
    min(e.event_time) FILTER (e.event_rank BETWEEN 20 AND 79) AS in_network_at,
    min(e.event_time) FILTER (m.event IS NOT NULL) AS received_at,
    arg_max(e.event, e.ord) FILTER (e.event IN ('RETURN_CLOSED', 'RETURN_CANCELLED')) AS ended,
    arg_max(e.event_time, e.ord) FILTER (e.event IN ('RETURN_CLOSED', 'RETURN_CANCELLED')) AS ended_at
FROM status_events e
JOIN lanes l USING (return_id)
LEFT JOIN map_received m ON m.lane = l.lane AND m.event = e.event
GROUP BY e.return_id, l.lane;

-- Pieces that somebody had in hand (item events: rank 50 to 79). `decided_at`: the first event that is definitive for the lane.
CREATE OR REPLACE TEMP TABLE status_pieces AS
SELECT
    e.return_id, e.piece_id,
    arg_max(e.line_ref, e.ord) AS line_ref, upper(trim(arg_max(e.sku, e.ord))) AS sku_key, coalesce(arg_max(e.quantity, e.ord), 1) AS quantity,
    coalesce(arg_max(e.verification, (e.event_rank >= 60)::HUGEINT * 100000000000000000000000000000000000 + e.ord), 'MATCH') AS verification,
    coalesce(arg_max(e.grade, e.ord) FILTER (e.grade <> 'U'), 'U') AS grade,
    coalesce(arg_max(e.disposition, e.ord) FILTER (e.disposition <> 'NONE'), 'NONE') AS disposition,
    min(e.event_time) FILTER (d.event IS NOT NULL) AS decided_at
FROM status_events e
JOIN status_cases c USING (return_id)
LEFT JOIN map_definitive d ON d.lane = c.lane AND d.event = e.event
WHERE e.piece_id IS NOT NULL AND e.event_rank BETWEEN 50 AND 79
GROUP BY e.return_id, e.piece_id;
