-- folded: one row a piece, for every piece of every order that has a definitive event in the partition.
-- State is a fold over the SET of events: duplicates (same event_key) count once, disorder and late arrival change nothing,
-- a correction wins by its time. The partition a piece belongs to is the day on which its latest definitive event was first received.
-- n stands for the piece until the partition is decided: a number joins and groups in a fraction of the time of an id.
CREATE OR REPLACE TEMP TABLE folded AS
WITH
named_orders AS (
    SELECT DISTINCT r.order_id
    FROM rebound_returns r
    WHERE r.marketplace = $marketplace AND r.day = $day AND r.event IN (SELECT event FROM map_definitive)
),
target_orders AS (  -- the same order may be named by its own id and by the customer's
    SELECT order_id FROM named_orders
    UNION
    SELECT o.order_id FROM partition_orders o JOIN named_orders n ON n.order_id = o.commercial_id
    UNION
    SELECT o.commercial_id FROM partition_orders o JOIN named_orders n ON n.order_id = o.order_id
),
target_pieces AS (
    SELECT piece_id, row_number() OVER () AS n
    FROM (
        SELECT DISTINCT r.piece_id
        FROM rebound_returns r
        WHERE r.marketplace = $marketplace AND r.piece_id IS NOT NULL AND r.order_id IN (SELECT order_id FROM target_orders)
    )
),
events AS (
    SELECT
        p.n, r.day, r.event_key, r.document_id, r.kind, r.event_time, r.event, r.event_rank, r.lane, r.return_id, r.order_id, r.line_ref, r.sku, r.ean,
        r.quantity, r.reason_raw, r.reason, r.verification, r.grade, r.disposition_raw, r.disposition,
        coalesce(r.problem LIKE '%piece_id_unclear%', FALSE) AS unclear,
        -- one number that orders events: time, then rank, then the source's version, then our sequence
        ((epoch_us(r.event_time)::HUGEINT * 1000 + r.event_rank) * 10000 + least(coalesce(r.version, 0), 9999)) * 1000000000000
            + r.document_id AS ord
    FROM rebound_returns r
    JOIN target_pieces p USING (piece_id)
    WHERE r.marketplace = $marketplace
),
state AS (
    -- what an inspection said beats what a registration said, which beats what was announced, whatever arrived last
    SELECT
        n,
        -- a piece's lane is the last known one that any document said; parcel documents do not always say it
        coalesce(arg_max(lane, ord) FILTER (lane <> 'UNKNOWN'), $default_lane) AS decides_as,
        coalesce(arg_max(lane, ord) FILTER (lane <> 'UNKNOWN'), any_value(lane), $default_lane) AS lane,
        arg_max(return_id, ord) AS return_id,
        arg_max(order_id, ord) AS order_ref,
        arg_max(line_ref, (event_rank >= 50)::HUGEINT * 100000000000000000000000000000000000 + ord) AS line_ref,
        arg_max(sku, (event_rank >= 50)::HUGEINT * 100000000000000000000000000000000000 + ord) AS sku,
        arg_max(ean, (event_rank >= 50)::HUGEINT * 100000000000000000000000000000000000 + ord) AS ean,
        arg_max(quantity, (event_rank >= 50)::HUGEINT * 100000000000000000000000000000000000 + ord) AS quantity,
        arg_max(reason_raw, ord) AS reason_raw,
        arg_max(reason, ord) AS reason,
        arg_max(verification, ((event_rank >= 60)::INTEGER + (event_rank >= 50)::INTEGER)::HUGEINT
            * 50000000000000000000000000000000000 + ord) AS verification,
        arg_max(grade, ord) FILTER (grade <> 'U') AS grade,
        arg_max(disposition_raw, ord) FILTER (disposition <> 'NONE') AS disposition_raw,
        arg_max(disposition, ord) FILTER (disposition <> 'NONE') AS disposition,
        bool_or(unclear) AS unclear
    FROM events
    GROUP BY n
),
by_warehouse AS (  -- pieces of which the retailer's own warehouse told, too
    SELECT n FROM events WHERE kind = 'warehouse_file' AND event_rank >= 60 GROUP BY n
),
verdicts AS (  -- the last word of each of the two; silence and words that no map has are none
    SELECT
        e.n, e.kind = 'warehouse_file' AS own,
        arg_max(e.verification, e.ord) FILTER (e.verification <> 'UNKNOWN') AS verification,
        arg_max(CASE e.grade WHEN 'B' THEN 'A' ELSE e.grade END, e.ord) FILTER (e.grade NOT IN ('U', 'UNKNOWN')) AS grade_class,
        arg_max(e.disposition, e.ord) FILTER (e.disposition NOT IN ('NONE', 'UNKNOWN')) AS disposition
    FROM (SELECT * REPLACE (coalesce(kind, '') AS kind) FROM events WHERE event_rank >= 50) e
    SEMI JOIN by_warehouse USING (n)
    GROUP BY e.n, own
),
disputed AS (  -- both have spoken finally, and not the same: neither simply wins
    SELECT r.n
    FROM verdicts r
    JOIN verdicts w ON w.n = r.n AND w.own AND NOT r.own
    WHERE (r.verification <> w.verification OR r.grade_class <> w.grade_class OR r.disposition <> w.disposition)
        AND coalesce(r.disposition, 'NONE') IN (SELECT disposition FROM map_dispositions WHERE definitive)
        AND coalesce(w.disposition, 'NONE') IN (SELECT disposition FROM map_dispositions WHERE definitive)
),
definitive AS (  -- each definitive event once, on the day it was first received
    SELECT e.n, e.event_key, e.event, min(e.day) AS day, min(e.event_time) AS event_time, max(e.ord) AS ord,
        min(e.document_id) AS document_id
    FROM events e
    JOIN state s USING (n)
    JOIN map_definitive m ON m.lane = s.decides_as AND m.event = e.event
    GROUP BY e.n, e.event_key, e.event
),
decided AS (
    SELECT n, max(day) AS day, min(event_time) AS definitive_at, arg_max(event, ord) AS definitive_event,
        arg_max(event_key, ord) AS event_key, arg_max(document_id, ord) AS document_id
    FROM definitive
    GROUP BY n
)
SELECT
    n, p.piece_id, s.return_id, s.lane, d.definitive_event, d.definitive_at, d.event_key, d.document_id, d.day,
    s.order_ref, s.line_ref, s.sku, s.ean, coalesce(s.quantity, 1) AS quantity, s.reason_raw,
    coalesce(s.reason, 'NOT_GIVEN') AS reason, coalesce(s.verification, 'MATCH') AS verification,
    coalesce(s.grade, 'U') AS grade, s.disposition_raw, coalesce(s.disposition, 'NONE') AS disposition, s.unclear,
    n IN (SELECT n FROM disputed) AS disputed
FROM state s
JOIN decided d USING (n)
JOIN target_pieces p USING (n)
-- a later definitive event on another day takes the piece with it, so the partition decides only its own pieces, but it
-- needs the others of the same orders to share lines and units
WHERE d.day = $day OR s.order_ref IN (SELECT order_id FROM target_orders);
