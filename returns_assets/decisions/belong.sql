-- belonging: the marketplace and the day that decide each piece of target_pieces, as one marketplace sees it. The one home of this rule:
-- planning folds by it, and the gates ask it again before anything is registered or sent.
-- A piece belongs to the marketplace whose order its latest event names, so that a correction takes it there and nobody else decides it.
-- The retailer's own warehouse repeats the order that it knows: it corrects nothing, and is asked only where ReBound said nothing.
-- Its day is the one on which the latest of its definitive events was first received, NULL while there is none; for a piece that came from
-- another marketplace, not before the first event since then.

-- one number that orders events: time, then rank, then the source's version, then our sequence
CREATE OR REPLACE TEMP MACRO event_order(event_time, event_rank, version, document_id) AS
    ((epoch_us(event_time)::HUGEINT * 1000 + event_rank) * 10000 + least(coalesce(version, 0), 9999)) * 1000000000000 + document_id;

CREATE OR REPLACE TEMP TABLE belonging AS
WITH
events AS (
    SELECT p.n, r.marketplace, r.marketplace = $marketplace AS here, r.kind IS DISTINCT FROM 'warehouse_file' AS routes, r.day,
        r.event_key, r.document_id, r.event_time, r.event, r.lane,
        event_order(r.event_time, r.event_rank, r.version, r.document_id) AS ord
    FROM rebound_returns r
    JOIN target_pieces p USING (piece_id)
    WHERE r.marketplace IS NOT NULL
),
lanes AS (  -- a piece's lane is the last known one that any document said; parcel documents do not always say it
    SELECT n,
        coalesce(arg_max(lane, ord) FILTER (lane <> 'UNKNOWN'), $default_lane) AS decides_as,
        coalesce(arg_max(lane, ord) FILTER (lane <> 'UNKNOWN'), any_value(lane), $default_lane) AS lane
    FROM events
    GROUP BY n
),
words AS (  -- of the few pieces that documents name under several marketplaces: each event, when it first came; a repetition is no news
    SELECT n, event_key, here, min(row(routes, ord, marketplace)) AS place, min(day) AS day
    FROM events
    SEMI JOIN (SELECT n FROM events WHERE NOT here) USING (n)
    GROUP BY n, event_key, marketplace, here
),
elsewhere AS (
    SELECT n, max(place) AS latest
    FROM words
    WHERE NOT here
    GROUP BY n
),
arrivals AS (  -- since when the piece is here (again)
    SELECT w.n, min(w.day) AS day
    FROM words w
    JOIN elsewhere x USING (n)
    WHERE w.here AND w.place > x.latest
    GROUP BY w.n
),
definitive AS (  -- each definitive event once, on the day it was first received; one that named another's order is a fact all the same
    SELECT e.n, e.event_key, e.event, min(e.day) FILTER (e.here) AS day, min(e.event_time) AS event_time, max(e.ord) AS ord,
        min(e.document_id) AS document_id
    FROM events e
    JOIN lanes l USING (n)
    JOIN map_definitive m ON m.lane = l.decides_as AND m.event = e.event
    GROUP BY e.n, e.event_key, e.event
),
decided AS (
    SELECT n, max(day) AS day, min(event_time) AS definitive_at, arg_max(event, ord) AS definitive_event,
        arg_max(event_key, ord) AS event_key, arg_max(document_id, ord) AS document_id
    FROM definitive
    GROUP BY n
)
SELECT
    n, p.piece_id, l.lane, d.definitive_event, d.definitive_at, d.event_key, d.document_id,
    CASE WHEN x.n IS NOT NULL AND a.n IS NULL THEN x.latest[3] ELSE $marketplace END AS marketplace,
    CASE WHEN d.n IS NOT NULL THEN greatest(d.day, a.day) END AS day
FROM target_pieces p
JOIN lanes l USING (n)
LEFT JOIN decided d USING (n)
LEFT JOIN elsewhere x USING (n)
LEFT JOIN arrivals a USING (n);
