-- top_ups: the shipping that would be refunded alone on lines paid before, beside the line and the order as Mirakl told them.
-- Money in 1/10000.
WITH
mapped AS (
    SELECT * FROM mapped_dispositions WHERE marketplace = $marketplace AND day = $day
),
listed AS (
    SELECT piece_id, order_id, reason, unnest(from_json(shipping_top_ups, '[{
        "order_line_id": "VARCHAR", "shipping_amount": "DECIMAL(18,4)", "reason_code": "VARCHAR", "paid": "BOOLEAN"}]')) AS t
    FROM mapped
    WHERE shipping_top_ups IS NOT NULL
),
lines AS (
    SELECT DISTINCT ON (order_line_id)
        order_line_id, order_id, line_state, quantity, (price * 10000)::BIGINT AS price_e4
    FROM mirakl_order_lines
    WHERE marketplace = $marketplace AND day = $day
    ORDER BY order_line_id, fetched_at DESC NULLS LAST
),
refunds AS (  -- each refund once, however often it was read
    SELECT DISTINCT ON (order_line_id, refund_id) order_line_id, refund_id, amount
    FROM mirakl_refunds
    WHERE marketplace = $marketplace AND day = $day
    ORDER BY order_line_id, refund_id, fetched_at DESC NULLS LAST
),
refunded AS (
    SELECT order_line_id, (sum(amount) * 10000)::BIGINT AS e4 FROM refunds GROUP BY order_line_id
),
planned AS (
    SELECT
        order_line_id, (sum(amount) FILTER (NOT coalesce(paid, FALSE)) * 10000)::BIGINT AS new_e4,
        (sum(amount) FILTER (paid) * 10000)::BIGINT AS paid_e4
    FROM mapped
    WHERE outcome = 'refund'
    GROUP BY order_line_id
),
kept AS (  -- lines that keep more than the least share that the policy grants lets them, a minor unit a unit forgiven for roundings
    SELECT l.order_id, string_agg(l.order_line_id, ', ' ORDER BY l.order_line_id) AS order_lines
    FROM lines l
    LEFT JOIN refunded r USING (order_line_id)
    LEFT JOIN planned p USING (order_line_id)
    WHERE
        l.line_state NOT IN ('REFUSED', 'CANCELED')
        AND l.price_e4 - greatest(coalesce(r.e4, 0), coalesce(p.paid_e4, 0)) - coalesce(p.new_e4, 0)
            > l.price_e4 * (1 - $least_share::DECIMAL(9, 6)) + l.quantity * 10000 // $minor
    GROUP BY l.order_id
)
SELECT
    m.piece_id, coalesce(m.order_id, '') AS order_id, coalesce(m.t.order_line_id, '') AS order_line_id,
    coalesce(l.order_id, '(line not read)') AS line_order, coalesce(m.t.reason_code, '(none)') AS code, coalesce(m.reason, '') AS reason,
    coalesce((m.t.shipping_amount * 10000)::BIGINT, -1) AS shipping_e4, coalesce(m.t.shipping_amount::VARCHAR, '') AS shipping_amount,
    coalesce(k.order_lines, '') AS not_refunded
FROM listed m
LEFT JOIN lines l ON l.order_line_id = m.t.order_line_id
LEFT JOIN kept k ON k.order_id = m.order_id
WHERE NOT coalesce(m.t.paid, FALSE)
ORDER BY m.t.order_line_id, m.piece_id
