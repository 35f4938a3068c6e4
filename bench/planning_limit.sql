-- The least that must be done, by hand, for exactly this data and the same rows: last state of a piece, its line, its code, the refunds
-- on the line, and the money by cumulative rounding; the rest is written in as it is known to be. No causes, no policy table, no other
-- days, no guessing of lines: what the product does beyond is its price.
INSERT INTO hand_dispositions BY NAME
WITH
folded AS (
    SELECT
        piece_id, arg_max(return_id, event_time) AS return_id, arg_max(order_id, event_time) AS order_ref,
        arg_max(line_ref, event_time) AS line_ref, arg_max(sku, event_time) AS sku, arg_max(quantity, event_time) AS quantity,
        arg_max(reason_raw, event_time) AS reason_raw, arg_max(reason, event_time) AS reason,
        arg_max(verification, event_time) AS verification, arg_max(grade, event_time) AS grade,
        arg_max(disposition, event_time) AS disposition, arg_max(event_key, event_time) AS event_key,
        min(document_id) FILTER (event = 'ITEM_REGISTERED') AS document_id, min(event_time) FILTER (event = 'ITEM_REGISTERED') AS definitive_at
    FROM rebound_returns
    WHERE marketplace = 'nordhaus' AND day = $day
    GROUP BY piece_id
),
foreign_refunds AS (
    SELECT order_line_id, (sum(amount) * 100)::BIGINT AS minor, list(refund_id) AS ids
    FROM mirakl_refunds WHERE marketplace = 'nordhaus' AND day = $day GROUP BY order_line_id
),
queued AS (
    SELECT
        f.*, l.order_id, l.order_line_id, l.line_state, l.currency, l.tax_mode, c.refund_reason_code, l.quantity AS line_quantity,
        (l.price * 100)::BIGINT AS minor,
        (from_json(l.taxes, '[{"code":"VARCHAR","amount":"DECIMAL(18,4)"}]')[1].amount * 100)::BIGINT AS tax_minor,
        sum(f.quantity) OVER (PARTITION BY l.order_line_id ORDER BY f.definitive_at, f.piece_id)::BIGINT AS unit_to,
        coalesce(((2 * r.minor * l.quantity + (l.price * 100)::BIGINT) // (2 * (l.price * 100)::BIGINT)), 0) AS foreign_units,
        coalesce(to_json(r.ids), '[]') AS foreign_refund_ids
    FROM folded f
    JOIN mirakl_order_lines l ON l.marketplace = 'nordhaus' AND l.day = $day AND l.order_line_id = f.line_ref AND l.order_id = f.order_ref
    JOIN map_reasons c ON c.canonical_reason = f.reason
    JOIN mirakl_reference e ON e.marketplace = 'nordhaus' AND e.day = $day AND e.code = c.refund_reason_code
    LEFT JOIN foreign_refunds r ON r.order_line_id = l.order_line_id
    WHERE f.definitive_at IS NOT NULL
),
priced AS (
    SELECT *, unit_to - quantity AS unit_from, unit_to > foreign_units AS pays,
        (2 * minor * unit_to + line_quantity) // (2 * line_quantity)
            - (2 * minor * (unit_to - quantity) + line_quantity) // (2 * line_quantity) AS amount_minor,
        (2 * tax_minor * unit_to + line_quantity) // (2 * line_quantity)
            - (2 * tax_minor * (unit_to - quantity) + line_quantity) // (2 * line_quantity) AS amount_tax
    FROM queued
)
SELECT
    'nordhaus' AS marketplace, $day::DATE AS day, piece_id, return_id, 'HUB' AS lane, 'ITEM_REGISTERED' AS definitive_event, definitive_at,
    event_key, document_id, order_ref, order_id, order_line_id, 'line_id' AS matched_by, sku, quantity, reason_raw, reason, verification,
    grade, disposition, refund_reason_code,
    CASE WHEN NOT pays THEN 'refunded_elsewhere' WHEN reason = 'DEFECTIVE' THEN 'registration_is_final' ELSE 'registration_is_final_buyer' END
        AS rule,
    'refund' AS policy_outcome, 1 AS share, CASE WHEN pays THEN 'refund' ELSE 'no_refund' END AS outcome, line_state, FALSE AS paid, unit_from,
    CASE WHEN pays THEN amount_minor * 0.01 END AS amount, CASE WHEN pays THEN 0 END AS shipping_amount,
    CASE WHEN pays THEN '[{"code":"VAT","amount":"' || (amount_tax * 0.01)::DECIMAL(18, 4) || '"}]' END AS taxes,
    CASE WHEN pays THEN '[]' END AS shipping_taxes, currency, tax_mode, foreign_refund_ids, definitive_at + to_hours(336) AS due_at,
    $version AS mapping_version, now()::TIMESTAMP AS decided_at
FROM priced;
