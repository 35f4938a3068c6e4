-- top_ups: outbound shipping that is left on lines of a whole order whose pieces are all paid already (by an earlier run, when nobody knew
-- that the rest would come back): it goes back alone, one refund a line. n is the piece that completes the order; its row says so.
-- Of several days that have pieces of the order exactly one asks first: the one that still refunds some, else the latest.
CREATE OR REPLACE TEMP TABLE top_ups AS
WITH
asked_orders AS (
    SELECT order_id FROM whole_orders SEMI JOIN (SELECT order_id FROM decided WHERE paid) USING (order_id)
),
returned AS (  -- the pieces that whole.sql counted, without those whose share is nothing
    SELECT d.n, d.piece_id, d.day, d.order_id, d.order_line_id, d.quantity, d.line_quantity, d.unit_from, d.paid, d.policy_shipping,
        d.refund_reason_code, d.reason_live AND d.reason_shop_right AS code_live, d.foreign_units, d.foreign_refund_ids,
        d.shipping_minor, d.shipping_refunded_minor, l.shipping_taxes, f.definitive_at
    FROM decided d
    SEMI JOIN asked_orders a ON a.order_id = d.order_id
    JOIN partition_lines l USING (line_n)
    JOIN folded f USING (n)
    LEFT JOIN judged j USING (n)
    WHERE j.outcome = 'refund'
        OR (d.paid AND d.day <> $day AND d.early_cause IS NULL AND d.policy_outcome = 'refund' AND d.disposition_final)
),
orders AS (  -- pieces: what the order's completeness rests on, as far as this day can know it
    SELECT order_id, bool_or(NOT paid) OR max(day) = $day AS asks, list(piece_id ORDER BY piece_id) FILTER (day <= $day) AS pieces
    FROM returned
    GROUP BY order_id
),
completing AS (  -- a piece whose code the operator has withdrawn since it was paid cannot lend it
    SELECT order_id, n, refund_reason_code AS reason_code, code_live
    FROM returned
    WHERE day = $day
    QUALIFY row_number() OVER (PARTITION BY order_id ORDER BY code_live DESC, definitive_at DESC, piece_id DESC) = 1
),
paid_lines AS (  -- a line with an unpaid piece gets its shipping with that piece (ship.sql); one in flight may have got it already
    SELECT order_id, order_line_id, any_value(shipping_minor) AS shipping_minor, any_value(shipping_taxes) AS shipping_taxes,
        any_value(shipping_refunded_minor) AS shipping_refunded_minor, any_value(foreign_refund_ids) AS foreign_refund_ids
    FROM returned
    ANTI JOIN (SELECT order_line_id FROM our_pieces WHERE in_flight) USING (order_line_id)
    WHERE shipping_minor > 0
    GROUP BY order_id, order_line_id
    HAVING bool_and(paid) AND sum(quantity) + any_value(foreign_units) >= any_value(line_quantity)
        AND arg_max(policy_shipping, unit_from) <> 'never'
),
paid_shipping AS (  -- by the ledger, in case the order was read before its last refund
    SELECT order_line_id, sum(shipping_amount * $minor)::HUGEINT AS paid_minor
    FROM (SELECT DISTINCT order_line_id, effect_key, shipping_amount FROM our_pieces)
    GROUP BY order_line_id
),
due AS (
    SELECT l.*, l.shipping_minor - greatest(l.shipping_refunded_minor, coalesce(p.paid_minor, 0)) AS due_minor
    FROM paid_lines l
    ANTI JOIN our_top_ups USING (order_line_id)
    LEFT JOIN paid_shipping p USING (order_line_id)
),
entries AS (
    SELECT c.n, {
        'order_line_id': d.order_line_id,
        'shipping_amount': (d.due_minor::DECIMAL(18, 0) * $unit::DECIMAL(6, 4))::DECIMAL(18, 4)::VARCHAR,
        -- as in ship.sql: the tax follows the money cumulatively, and this is the line's last shipping money
        'shipping_taxes': CASE WHEN $with_taxes THEN [{
            'code': t.code,
            'amount': ((t.minor - (2 * t.minor * (d.shipping_minor - d.due_minor) + d.shipping_minor) // (2 * d.shipping_minor))::DECIMAL(18, 0)
                * $unit::DECIMAL(6, 4))::DECIMAL(18, 4)::VARCHAR
        } for t in [{'code': x.code, 'minor': round(TRY_CAST(x.amount AS DECIMAL(18, 4)) * $minor, 0)::HUGEINT}
            for x in coalesce(from_json(d.shipping_taxes, '[{"code": "VARCHAR", "amount": "VARCHAR"}]'), [])]] ELSE [] END,
        'reason_code': c.reason_code,
        'paid': FALSE,
        'foreign_refund_ids': from_json(d.foreign_refund_ids, '["VARCHAR"]'),
        'pieces': o.pieces
    } AS entry
    FROM due d
    JOIN orders o ON o.order_id = d.order_id
    JOIN completing c ON c.order_id = d.order_id AND c.code_live
    -- the day that has asked already goes on: it would withdraw what could not be made at once, and no other day would know
    LEFT JOIN waiting_top_ups w ON w.order_line_id = d.order_line_id AND w.day = $day
    WHERE d.due_minor > 0 AND (o.asks OR w.order_line_id IS NOT NULL)
    UNION ALL
    SELECT c.n, {
        'order_line_id': t.order_line_id,
        'shipping_amount': t.shipping_amount::VARCHAR,
        'shipping_taxes': from_json(t.shipping_taxes, '[{"code": "VARCHAR", "amount": "VARCHAR"}]'),
        'reason_code': t.reason_code,
        'paid': TRUE,
        'foreign_refund_ids': []::VARCHAR[],
        'pieces': o.pieces
    }
    FROM our_top_ups t
    JOIN (SELECT DISTINCT order_id, order_line_id FROM returned) l USING (order_line_id)
    JOIN orders o ON o.order_id = l.order_id
    JOIN completing c ON c.order_id = l.order_id
    WHERE t.day = $day
)
SELECT n, to_json(list(entry ORDER BY entry.order_line_id)) AS entries
FROM entries
GROUP BY n;
