-- shipping_due: the outbound shipping that goes back with a refunded piece, in minor units, with its taxes; only pieces with some.
CREATE OR REPLACE TEMP TABLE shipping_due AS
WITH
refunded AS (
    SELECT d.n, d.piece_id, d.order_id, d.order_line_id, d.unit_from, d.paid, d.paid_effect, d.policy_shipping, d.shipping_minor,
        l.shipping_taxes, d.shipping_refunded_minor, p.shipping_share_minor, p.shipping_left_minor,
        (coalesce(d.paid_shipping, 0) * $minor)::HUGEINT AS paid_shipping_minor
    FROM judged j
    JOIN decided d USING (n)
    JOIN priced p USING (n)
    JOIN partition_lines l USING (line_n)
    WHERE j.outcome = 'refund' AND d.shipping_minor > 0
),
wanted AS (  -- the line's last unit of a complete order takes whatever the line has left
    SELECT r.*,
        CASE
            WHEN paid THEN CASE WHEN row_number() OVER effect_end = 1 THEN paid_shipping_minor ELSE 0 END
            WHEN policy_shipping = 'never' THEN 0
            WHEN w.order_id IS NOT NULL AND row_number() OVER line_end = 1 THEN shipping_left_minor
            WHEN policy_shipping = 'always' OR $shipping_refund = 'per_unit' THEN shipping_share_minor
            ELSE 0
        END AS wanted_minor
    FROM refunded r
    LEFT JOIN whole_orders w USING (order_id)
    WINDOW line_end AS (PARTITION BY r.order_line_id, r.paid ORDER BY r.unit_from DESC, r.piece_id DESC),
        effect_end AS (PARTITION BY r.paid_effect ORDER BY r.unit_from DESC, r.piece_id DESC)
),
due AS (  -- together never more than the line has left
    SELECT *,
        CASE
            WHEN paid THEN wanted_minor
            ELSE greatest(least(wanted_minor, shipping_left_minor
                - (sum(wanted_minor) OVER (PARTITION BY order_line_id, paid ORDER BY unit_from, piece_id) - wanted_minor)), 0)
        END AS due_minor
    FROM wanted
),
steps AS (  -- shipping tax follows the shipping money cumulatively, so that its parts add up, too
    SELECT *,
        CASE WHEN paid THEN 0 ELSE shipping_refunded_minor END
            + sum(due_minor) OVER (PARTITION BY order_line_id, paid ORDER BY unit_from, piece_id) - due_minor AS before_minor
    FROM due
    WHERE due_minor > 0
)
SELECT n, due_minor,
    CASE
        WHEN NOT $with_taxes OR shipping_taxes IS NULL THEN '[]'
        ELSE to_json([{
            'code': t.code,
            'amount': (((2 * round(TRY_CAST(t.amount AS DECIMAL(18, 4)) * $minor, 0)::HUGEINT * (before_minor + due_minor) + shipping_minor)
                    // (2 * shipping_minor)
                - (2 * round(TRY_CAST(t.amount AS DECIMAL(18, 4)) * $minor, 0)::HUGEINT * before_minor + shipping_minor) // (2 * shipping_minor)
                )::DECIMAL(18, 0) * $unit::DECIMAL(6, 4))::DECIMAL(18, 4)::VARCHAR
        } for t in from_json(shipping_taxes, '[{"code": "VARCHAR", "amount": "VARCHAR"}]')])
    END AS taxes
FROM steps;
