-- What ReBound's documents of any day say of the returns that warehouse facts are about: one row a return and piece, and one for the
-- return as a whole (piece_id NULL). `todays_returns` stands for the day's own partition.
WITH
known AS (
    SELECT return_id, order_id, piece_id, line_ref, sku, ean, quantity, verification, lane, event_time, event_rank
    FROM rebound_returns
    WHERE day <> $day AND kind <> 'warehouse_file'
    UNION ALL BY NAME
    SELECT return_id, order_id, piece_id, line_ref, sku, ean, quantity, verification, lane, event_time, event_rank
    FROM todays_returns
    WHERE kind <> 'warehouse_file'
),
wanted AS (
    SELECT DISTINCT return_id
    FROM known
    WHERE return_id IN (SELECT id FROM fact_returns) OR piece_id IN (SELECT id FROM fact_pieces) OR order_id IN (SELECT id FROM fact_orders)
)
SELECT
    return_id, piece_id, coalesce(list(DISTINCT order_id) FILTER (order_id IS NOT NULL), []) AS orders,
    arg_max(line_ref, event_time) AS line_ref, arg_max(sku, event_time) AS sku, arg_max(ean, event_time) AS ean,
    coalesce(arg_max(quantity, event_time), 1) AS quantity,
    coalesce(arg_max(verification, event_time) = 'MISSING', FALSE) AS missing,
    arg_max(lane, (event_time, event_rank)) FILTER (lane <> 'UNKNOWN') AS lane,
    max((event_time, event_rank)) FILTER (lane <> 'UNKNOWN') AS lane_said
FROM known
WHERE return_id IN (SELECT return_id FROM wanted)
GROUP BY return_id, piece_id
ORDER BY return_id, lane_said NULLS FIRST, piece_id
