-- Of the pieces asked about (asked_pieces), those that another, later day decides: their rows of $day are history.
-- Either a definitive event of the piece was first received later (the same rule as decisions/fold.sql), or a later day has decided it.
WITH later_events AS (
  SELECT DISTINCT piece_id, event_key, event
  FROM rebound_returns
  WHERE marketplace = $marketplace AND day > $day AND piece_id IN (SELECT piece_id FROM asked_pieces)
),
events AS (
  SELECT piece_id, event_key, day, lane,
    ((epoch_us(event_time)::HUGEINT * 1000 + event_rank) * 10000 + least(coalesce(version, 0), 9999)) * 1000000000000 + document_id AS ord
  FROM rebound_returns
  WHERE marketplace = $marketplace AND piece_id IN (SELECT piece_id FROM later_events)
),
lanes AS (
  SELECT piece_id, coalesce(arg_max(lane, ord) FILTER (lane <> 'UNKNOWN'), $default_lane) AS lane
  FROM events
  GROUP BY piece_id
),
known AS (  -- a repeated notification is no news
  SELECT DISTINCT piece_id, event_key
  FROM events
  WHERE day <= $day
),
new_events AS (
  SELECT later_events.piece_id, lanes.lane || ' ' || later_events.event AS lane_event
  FROM later_events
  JOIN lanes USING (piece_id)
  ANTI JOIN known USING (piece_id, event_key)
)
SELECT piece_id FROM new_events WHERE lane_event IN (SELECT unnest($definitive::VARCHAR[]))
UNION
SELECT piece_id FROM mapped_dispositions
WHERE marketplace = $marketplace AND day > $day AND piece_id IN (SELECT piece_id FROM asked_pieces)
