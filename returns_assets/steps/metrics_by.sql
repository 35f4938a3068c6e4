-- One partition's rows of return_metrics_by: pieces, units and confirmed money by cause, SKU and reason. Units sold are those of the
-- SKU in the orders of the partition: a rate over the orders at hand, not over everything ever sold.
WITH
confirmed AS (
    SELECT json_extract_string(p.piece, '$.piece_id') AS piece_id
    FROM refund_pushes u, unnest(from_json(u.pieces, '["JSON"]')) AS p (piece)
    WHERE u.marketplace = $marketplace AND u.day = $day AND u.state = 'confirmed'
),
lines AS (
    SELECT DISTINCT ON (order_line_id) order_line_id, offer_sku, quantity
    FROM mirakl_order_lines
    WHERE marketplace = $marketplace AND day = $day
    ORDER BY order_line_id, fetched_at DESC NULLS LAST
),
mapped AS (
    SELECT
        m.quantity, m.cause, m.reason, coalesce(l.offer_sku, m.sku, '(no SKU)') AS sku,
        CASE WHEN c.piece_id IS NOT NULL THEN coalesce(m.amount, 0) ELSE 0 END AS refunded
    FROM mapped_dispositions m
    LEFT JOIN lines l USING (order_line_id)
    LEFT JOIN confirmed c ON c.piece_id = m.piece_id
    WHERE m.marketplace = $marketplace AND m.day = $day
),
sold AS (
    SELECT offer_sku AS sku, sum(quantity)::BIGINT AS units
    FROM lines
    GROUP BY offer_sku
),
counted AS (
    SELECT 'cause' AS dimension, cause AS key, quantity, refunded FROM mapped WHERE cause IS NOT NULL
    UNION ALL
    SELECT 'sku', sku, quantity, refunded FROM mapped
    UNION ALL
    SELECT 'reason', coalesce(reason, 'NOT_GIVEN'), quantity, refunded FROM mapped
),
grouped AS (
    SELECT dimension, key, count(*) AS pieces, sum(quantity)::BIGINT AS units, sum(refunded) AS refunded_amount
    FROM counted
    GROUP BY dimension, key
)
SELECT
    $marketplace AS marketplace, $day::DATE AS day, g.dimension, g.key, g.pieces, g.units, g.refunded_amount, s.units AS sold_units,
    CASE WHEN s.units > 0 THEN g.units / s.units END AS return_rate
FROM grouped g
LEFT JOIN sold s ON g.dimension = 'sku' AND s.sku = g.key
ORDER BY g.dimension, g.key
