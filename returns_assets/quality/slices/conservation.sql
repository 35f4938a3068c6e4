-- conservation: every piece that the events give to this partition, and every piece that the partition has; one side empty = lost or invented.
-- A piece belongs to the marketplace that the last thing ReBound said of it names (the warehouse's word counts where it said nothing). There
-- it belongs to the day on which the latest of its definitive events was first received, but to none before it came over, if other
-- marketplaces' documents named it in between.
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
    SELECT r.piece_id, r.marketplace, r.order_id, r.day, r.event_key, r.event, r.lane, r.event_time, r.event_rank,
        coalesce(r.version, 0) AS version, r.document_id, coalesce(r.kind, '') <> 'warehouse_file' AS by_rebound
    FROM rebound_returns r
    WHERE r.marketplace IS NOT NULL AND (r.piece_id IN (SELECT piece_id FROM today) OR r.piece_id IN (SELECT piece_id FROM mapped))
),
lanes AS (
    SELECT DISTINCT ON (piece_id) piece_id, lane
    FROM events
    WHERE lane <> 'UNKNOWN'
    ORDER BY piece_id, event_time DESC, event_rank DESC, version DESC, document_id DESC
),
firsts AS (  -- each event once, when and on the day it first came
    SELECT piece_id, marketplace, event_key, event, min(day) AS day, min(order_id) AS order_id,
        min(row(by_rebound, event_time, event_rank, version, document_id, marketplace)) AS first_at
    FROM events
    GROUP BY piece_id, marketplace, event_key, event
),
owners AS (
    SELECT piece_id, arg_max(marketplace, first_at) AS marketplace, max(first_at) FILTER (marketplace <> $marketplace) AS last_elsewhere
    FROM firsts
    GROUP BY piece_id
),
expected AS (
    SELECT f.piece_id, min(f.order_id) FILTER (f.marketplace = $marketplace) AS order_id,
        bool_or(coalesce(l.lane, $default_lane) || ':' || f.event IN (SELECT lane_event FROM definitive)) AS decides,
        max(f.day) FILTER (
            f.marketplace = $marketplace AND coalesce(l.lane, $default_lane) || ':' || f.event IN (SELECT lane_event FROM definitive)
        ) AS definitive_day,
        min(f.day) FILTER (f.marketplace = $marketplace AND f.first_at > o.last_elsewhere) AS came_day
    FROM firsts f
    JOIN owners o ON o.piece_id = f.piece_id AND o.marketplace = $marketplace
    LEFT JOIN lanes l ON l.piece_id = f.piece_id
    GROUP BY f.piece_id
    HAVING decides AND greatest(definitive_day, came_day) = $day
)
SELECT
    coalesce(e.piece_id, m.piece_id) AS piece_id, coalesce(e.order_id, m.order_id, '') AS order_id,
    (e.piece_id IS NOT NULL)::INTEGER AS in_events, coalesce(m.copies, 0)::INTEGER AS in_dispositions
FROM expected e
FULL JOIN mapped m USING (piece_id)
ORDER BY 1
