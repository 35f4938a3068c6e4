-- ready: the pieces that would be refunded now, beside the order line and the order as Mirakl told them. Money in 1/10000.
WITH
lines AS (  -- the last reading of each line
    SELECT DISTINCT ON (order_line_id) order_line_id, order_id, line_state
    FROM mirakl_order_lines
    WHERE marketplace = $marketplace AND day = $day
    ORDER BY order_line_id, fetched_at DESC NULLS LAST
),
orders AS (
    SELECT DISTINCT ON (order_id) order_id, currency, tax_mode
    FROM mirakl_orders
    WHERE marketplace = $marketplace AND day = $day
    ORDER BY order_id, fetched_at DESC NULLS LAST
),
later AS (  -- a later partition that has the piece, too, whatever its marketplace
    SELECT piece_id, min(day) AS day
    FROM mapped_dispositions
    WHERE day > $day
    GROUP BY piece_id
)
SELECT
    m.piece_id, coalesce(m.order_id, '') AS order_id, coalesce(m.order_line_id, '') AS order_line_id,
    coalesce(m.refund_reason_code, '(none)') AS code, coalesce(l.line_state, '(line not read)') AS state,
    coalesce(l.order_id, '(line not read)') AS line_order,
    coalesce(m.currency, '(none)') AS currency, coalesce(o.currency, '(order not read)') AS order_currency,
    coalesce(m.tax_mode, '(none)') AS tax_mode, coalesce(o.tax_mode, '(order not read)') AS order_tax_mode,
    coalesce((m.amount * 10000)::BIGINT, -1) AS amount_e4, coalesce((m.shipping_amount * 10000)::BIGINT, -1) AS shipping_e4,
    coalesce(m.amount::VARCHAR, '') AS amount, coalesce(m.shipping_amount::VARCHAR, '') AS shipping_amount,
    coalesce(t.day::VARCHAR, '') AS later_day,
    coalesce(m.verification, '') AS verification, coalesce(m.grade, '') AS grade, coalesce(m.disposition, '') AS disposition,
    coalesce(m.reason, '') AS reason
FROM mapped_dispositions m
LEFT JOIN lines l ON l.order_line_id = m.order_line_id
LEFT JOIN orders o ON o.order_id = l.order_id
LEFT JOIN later t ON t.piece_id = m.piece_id
WHERE m.marketplace = $marketplace AND m.day = $day AND m.outcome = 'refund' AND NOT coalesce(m.paid, FALSE)
ORDER BY m.piece_id
