-- lines: every order line that would be refunded on, with what is planned (of pieces, and of shipping alone) and what is left after all
-- refunds, ours and foreign.
-- Money in 1/10000.
WITH
mapped AS (
    SELECT * FROM mapped_dispositions WHERE marketplace = $marketplace AND day = $day
),
top_ups AS (
    SELECT order_id, unnest(from_json(shipping_top_ups, '[{
        "order_line_id": "VARCHAR", "shipping_amount": "DECIMAL(18,4)", "paid": "BOOLEAN"}]')) AS t
    FROM mapped
    WHERE shipping_top_ups IS NOT NULL
),
wanted AS (
    SELECT order_line_id, order_id, 1 AS pieces, quantity, amount, shipping_amount
    FROM mapped
    WHERE outcome = 'refund' AND NOT coalesce(paid, FALSE)
    UNION ALL
    SELECT t.order_line_id, order_id, 0, 0, 0, t.shipping_amount FROM top_ups WHERE NOT coalesce(t.paid, FALSE)
),
planned AS (
    SELECT
        order_line_id, min(order_id) AS order_id, sum(pieces)::BIGINT AS pieces, coalesce(sum(quantity), 0) AS units,
        coalesce(sum(amount), 0) AS amount, coalesce(sum(shipping_amount), 0) AS shipping_amount  -- a missing one is another slice's matter
    FROM wanted
    GROUP BY order_line_id
),
lines AS (
    SELECT DISTINCT ON (order_line_id) order_line_id, price, shipping_price, quantity
    FROM mirakl_order_lines
    WHERE marketplace = $marketplace AND day = $day
    ORDER BY order_line_id, fetched_at DESC NULLS LAST
),
refunds AS (  -- each refund once, however often it was read
    SELECT DISTINCT ON (order_line_id, refund_id) order_line_id, refund_id, amount, shipping_amount
    FROM mirakl_refunds
    WHERE marketplace = $marketplace AND day = $day
    ORDER BY order_line_id, refund_id, fetched_at DESC NULLS LAST
),
refunded AS (
    SELECT order_line_id, sum(amount) AS amount, sum(shipping_amount) AS shipping_amount
    FROM refunds
    GROUP BY order_line_id
)
SELECT
    p.order_line_id, coalesce(p.order_id, '') AS order_id, p.pieces, p.units::BIGINT AS units, coalesce(l.quantity, 0)::BIGINT AS sold,
    (p.amount * 10000)::BIGINT AS planned_e4, (p.shipping_amount * 10000)::BIGINT AS planned_shipping_e4,
    ((coalesce(l.price, 0) - coalesce(r.amount, 0)) * 10000)::BIGINT AS left_e4,
    ((coalesce(l.shipping_price, 0) - coalesce(r.shipping_amount, 0)) * 10000)::BIGINT AS shipping_left_e4,
    p.amount::VARCHAR AS planned, (coalesce(l.price, 0) - coalesce(r.amount, 0))::VARCHAR AS left_over,
    p.shipping_amount::VARCHAR AS planned_shipping,
    (coalesce(l.shipping_price, 0) - coalesce(r.shipping_amount, 0))::VARCHAR AS shipping_left
FROM planned p
LEFT JOIN lines l USING (order_line_id)
LEFT JOIN refunded r USING (order_line_id)
ORDER BY p.order_line_id
