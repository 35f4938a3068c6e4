-- The partition's rows of mapped_dispositions: every definitive piece with exactly one outcome.
SELECT
    $marketplace AS marketplace, $day::DATE AS day, d.piece_id, d.return_id, d.lane, d.definitive_event, d.definitive_at, d.event_key,
    d.document_id, d.order_ref, d.order_id, d.order_line_id, d.matched_by, d.sku, d.ean, d.quantity, d.reason_raw, d.reason,
    d.verification, d.grade, d.disposition, d.refund_reason_code, j.rule, d.policy_outcome, d.share,
    j.outcome, c.exception_class, j.cause,
    CASE
        WHEN j.outcome <> 'hold' THEN NULL
        WHEN d.policy_outcome = 'hold' THEN d.policy_waits_for
        WHEN NOT d.disposition_final THEN 'a final disposition; now ' || d.disposition
        ELSE 'the order line to be refundable; now ' || d.line_state
    END AS waits_for,
    CASE
        WHEN j.outcome = 'exception' THEN coalesce(c.todo, d.policy_todo)
        WHEN j.outcome = 'hold' THEN d.policy_todo
    END AS todo,
    CASE j.cause
        WHEN 'unknown_reason' THEN 'reason ' || coalesce(d.reason_raw, '')
        WHEN 'unknown_disposition' THEN 'disposition ' || coalesce(d.disposition_raw, '')
        WHEN 'unknown_order' THEN 'order ' || coalesce(d.order_ref, '')
        WHEN 'reason_not_mapped' THEN 'reason ' || d.reason
        WHEN 'reason_not_live' THEN 'code ' || d.refund_reason_code
        WHEN 'reason_not_for_shops' THEN 'code ' || d.refund_reason_code
        WHEN 'line_not_refundable' THEN 'line state ' || coalesce(d.line_state, '')
        WHEN 'line_not_found' THEN concat_ws(', ', 'line ' || d.line_ref, 'SKU ' || d.sku, 'EAN ' || d.ean)
        WHEN 'wrong_item' THEN 'came back ' || coalesce(d.sku, '') || ', sold ' || coalesce(d.offer_sku, '')
        WHEN 'over_remainder' THEN 'left on the line ' || (p.remaining_minor::DECIMAL(18, 0) * $unit::DECIMAL(6, 4))::DECIMAL(18, 4)::VARCHAR
        WHEN 'over_quantity' THEN 'sold ' || d.line_quantity::VARCHAR || ', came back up to ' || (d.unit_from + d.quantity)::VARCHAR
    END AS detail,
    d.line_state, d.paid, d.unit_from,
    CASE WHEN j.outcome = 'refund' THEN (p.amount_minor::DECIMAL(18, 0) * $unit::DECIMAL(6, 4))::DECIMAL(18, 4) END AS amount,
    CASE WHEN j.outcome = 'refund'
        THEN (coalesce(x.due_minor, 0)::DECIMAL(18, 0) * $unit::DECIMAL(6, 4))::DECIMAL(18, 4) END AS shipping_amount,
    CASE WHEN j.outcome = 'refund' THEN coalesce(p.taxes, '[]') END AS taxes,
    CASE WHEN j.outcome = 'refund' THEN coalesce(x.taxes, '[]') END AS shipping_taxes,
    d.currency, d.tax_mode, d.foreign_refund_ids,
    d.definitive_at + to_hours($deadline_hours) AS due_at, $mapping_version AS mapping_version, $decided_at::TIMESTAMP AS decided_at
FROM judged j
JOIN decided d USING (piece_id)
LEFT JOIN priced p USING (piece_id)
LEFT JOIN shipping_due x USING (piece_id)
LEFT JOIN map_causes c ON c.cause = j.cause
