-- line_refunds: what was refunded already on each order line, ours and foreign, in minor units; fractions of one count as a whole.
CREATE OR REPLACE TEMP TABLE line_refunds AS
WITH
refunds AS (
    SELECT r.order_line_id, r.refund_id, coalesce(r.amount, 0) AS amount, coalesce(r.shipping_amount, 0) AS shipping_amount,
        r.refund_id IN (SELECT refund_id FROM our_refunds WHERE refund_id IS NOT NULL) AS ours
    FROM partition_refunds r
),
lines AS (
    SELECT order_id, order_line_id, line_quantity, price_minor
    FROM partition_lines
)
SELECT
    l.order_id, l.order_line_id,
    ceil(sum(r.amount * $minor))::HUGEINT AS refunded_minor,
    ceil(sum(r.shipping_amount * $minor))::HUGEINT AS shipping_refunded_minor,
    -- a foreign refund (made by a person or another system) stands for as many whole units as its money pays for, half a cent a
    -- unit forgiven for other people's rounding; its quantity field is only informative
    coalesce(sum(least(
            2 * (r.amount * $minor)::HUGEINT * l.line_quantity // greatest(2 * l.price_minor - l.line_quantity, 1),
            (2 * (r.amount * $minor)::HUGEINT * l.line_quantity + l.price_minor) // (2 * l.price_minor)))
        FILTER (NOT r.ours AND l.price_minor > 0), 0)::INTEGER AS foreign_units,
    coalesce(to_json(list(r.refund_id ORDER BY r.refund_id) FILTER (NOT r.ours)), '[]') AS foreign_refund_ids
FROM refunds r
JOIN lines l USING (order_line_id)
GROUP BY l.order_id, l.order_line_id;
