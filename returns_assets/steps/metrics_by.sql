-- One partition's rows of return_metrics_by. Pieces and units are counted where they were decided last; money is what the partition's own
-- confirmed effects paid, whatever day their pieces belong to by now, shared over the pieces by units so that it adds up to the cent.
-- sold_units: of a SKU, its units in the orders read for the partition; of a reason, all units in them, so that the reasons' rates can be
-- compared and added. A rate is over the orders at hand, not over everything ever sold; a cause has none.
WITH
paid AS (
    SELECT u.effect_key, u.amount, u.order_line_id, json_extract_string(p.piece, '$.piece_id') AS piece_id,
        coalesce(json_extract_string(p.piece, '$.unit_from')::INTEGER, 0) AS unit_from,
        coalesce(json_extract_string(p.piece, '$.quantity')::INTEGER, 1) AS units
    FROM refund_pushes u, unnest(from_json(u.pieces, '["JSON"]')) AS p (piece)
    WHERE u.marketplace = $marketplace AND u.day = $day AND u.state = 'confirmed'
),
counted_up AS (
    SELECT *, sum(units) OVER w AS units_to, sum(units) OVER (PARTITION BY effect_key) AS units_all
    FROM paid
    WINDOW w AS (PARTITION BY effect_key ORDER BY unit_from, piece_id)
),
sums AS (  -- what the effect paid up to and with this piece, in whole minor units but for the last
    SELECT *,
        CASE
            WHEN units_to = units_all THEN amount
            ELSE ((amount * $minor)::HUGEINT * units_to // units_all)::DECIMAL(18, 0) * $unit::DECIMAL(6, 4)
        END::DECIMAL(18, 4) AS paid_to
    FROM counted_up
),
shares AS (
    SELECT piece_id, order_line_id,
        paid_to - coalesce(lag(paid_to) OVER (PARTITION BY effect_key ORDER BY unit_from, piece_id), 0) AS refunded
    FROM sums
),
facts AS (  -- each paid piece as the partition that has it latest knows it, be it another marketplace's
    SELECT DISTINCT ON (piece_id) piece_id, marketplace, day, order_line_id, sku, reason, cause
    FROM mapped_dispositions
    WHERE piece_id IN (SELECT piece_id FROM paid)
    ORDER BY piece_id, day DESC, document_id DESC, decided_at DESC, marketplace DESC
),
lines AS (
    SELECT DISTINCT ON (order_line_id) order_line_id, offer_sku, quantity
    FROM mirakl_order_lines
    WHERE marketplace = $marketplace AND day = $day
    ORDER BY order_line_id, fetched_at DESC NULLS LAST
),
paid_lines AS (
    SELECT DISTINCT ON (order_line_id) order_line_id, offer_sku
    FROM mirakl_order_lines
    WHERE marketplace = $marketplace
        AND order_line_id IN (SELECT order_line_id FROM paid UNION SELECT order_line_id FROM facts)
    ORDER BY order_line_id, day DESC, fetched_at DESC NULLS LAST
),
money AS (
    SELECT coalesce(l.offer_sku, f.sku, '(no SKU)') AS sku, f.reason,
        CASE WHEN f.marketplace = $marketplace AND f.day = $day THEN f.cause END AS cause, s.refunded
    FROM shares s
    LEFT JOIN facts f USING (piece_id)
    LEFT JOIN paid_lines l ON l.order_line_id = coalesce(s.order_line_id, f.order_line_id)
),
mapped AS (
    SELECT m.quantity, m.cause, m.reason, coalesce(l.offer_sku, m.sku, '(no SKU)') AS sku
    FROM current_dispositions m
    LEFT JOIN lines l USING (order_line_id)
    WHERE m.marketplace = $marketplace AND m.day = $day
),
sold AS (
    SELECT offer_sku AS sku, sum(quantity)::BIGINT AS units
    FROM lines
    GROUP BY offer_sku
),
rows_of AS (
    SELECT 1 AS pieces, quantity, 0::DECIMAL(18, 4) AS refunded, cause, sku, reason FROM mapped
    UNION ALL
    SELECT 0, 0, refunded, cause, sku, reason FROM money
),
counted AS (
    SELECT 'cause' AS dimension, cause AS key, pieces, quantity, refunded FROM rows_of WHERE cause IS NOT NULL
    UNION ALL
    SELECT 'sku', sku, pieces, quantity, refunded FROM rows_of
    UNION ALL
    SELECT 'reason', coalesce(reason, 'NOT_GIVEN'), pieces, quantity, refunded FROM rows_of
),
grouped AS (
    SELECT dimension, key, sum(pieces)::BIGINT AS pieces, sum(quantity)::BIGINT AS units, sum(refunded) AS refunded_amount
    FROM counted
    GROUP BY dimension, key
),
rated AS (
    SELECT g.*, CASE g.dimension WHEN 'sku' THEN s.units WHEN 'reason' THEN (SELECT sum(units)::BIGINT FROM sold) END AS sold_units
    FROM grouped g
    LEFT JOIN sold s ON g.dimension = 'sku' AND s.sku = g.key
)
SELECT
    $marketplace AS marketplace, $day::DATE AS day, dimension, key, pieces, units, refunded_amount, sold_units,
    CASE WHEN sold_units > 0 THEN units / sold_units END AS return_rate
FROM rated
ORDER BY dimension, key
