-- The partition's rows of mapped_dispositions: every definitive piece with exactly one outcome.
SELECT
    $marketplace AS marketplace, $day::DATE AS day, f.piece_id, f.return_id, f.lane, f.definitive_event, f.definitive_at, f.event_key,
    f.document_id, f.order_ref, m.order_id, m.order_line_id, m.matched_by, f.sku, f.ean, f.quantity, f.reason_raw, f.reason,
    f.verification, f.grade, f.disposition, d.refund_reason_code, j.rule, d.policy_outcome, d.share,
    j.outcome, c.exception_class, j.cause,
    CASE
        WHEN j.outcome <> 'hold' THEN NULL
        WHEN d.unit_cause = 'line_in_flight' THEN 'the answer to another refund of this order line'
        WHEN j.cause = 'verdicts_differ' THEN 'ReBound and the warehouse to agree'
        WHEN d.policy_outcome = 'hold' THEN w.waits_for
        WHEN NOT d.disposition_final THEN 'a final disposition; now ' || f.disposition
        ELSE 'the order line to be refundable; now ' || d.line_state
    END AS waits_for,
    CASE
        WHEN j.outcome = 'exception' THEN coalesce(c.todo, w.todo)
        WHEN j.outcome = 'hold' THEN coalesce(c.todo, w.todo)
    END AS todo,
    CASE j.cause
        WHEN 'refunded_in_other_marketplace' THEN h.detail
        WHEN 'planned_in_other_marketplace' THEN h.detail
        WHEN 'unknown_reason' THEN 'reason ' || coalesce(f.reason_raw, '')
        WHEN 'unknown_disposition' THEN 'disposition ' || coalesce(f.disposition_raw, '')
        WHEN 'unknown_order' THEN 'order ' || coalesce(f.order_ref, '')
        WHEN 'reason_not_mapped' THEN 'reason ' || f.reason
        WHEN 'reason_not_live' THEN 'code ' || d.refund_reason_code
        WHEN 'reason_not_for_shops' THEN 'code ' || d.refund_reason_code
        WHEN 'line_not_refundable' THEN 'line state ' || coalesce(d.line_state, '')
        WHEN 'line_not_found' THEN concat_ws(', ', 'line ' || f.line_ref, 'SKU ' || f.sku, 'EAN ' || f.ean)
        WHEN 'wrong_item' THEN 'came back ' || coalesce(f.sku, '') || ', sold ' || coalesce(l.offer_sku, '')
        WHEN 'over_remainder' THEN 'left on the line ' || (p.remaining_minor::DECIMAL(18, 0) * $unit::DECIMAL(6, 4))::DECIMAL(18, 4)::VARCHAR
        WHEN 'over_quantity' THEN 'sold ' || d.line_quantity::VARCHAR || ', came back up to ' || (d.unit_from + f.quantity)::VARCHAR
    END AS detail,
    d.line_state, d.paid, d.unit_from,
    CASE WHEN j.outcome = 'refund' THEN (p.amount_minor::DECIMAL(18, 0) * $unit::DECIMAL(6, 4))::DECIMAL(18, 4) END AS amount,
    CASE WHEN j.outcome = 'refund'
        THEN (coalesce(x.due_minor, 0)::DECIMAL(18, 0) * $unit::DECIMAL(6, 4))::DECIMAL(18, 4) END AS shipping_amount,
    CASE WHEN j.outcome = 'refund' THEN coalesce(p.taxes, '[]') END AS taxes,
    CASE WHEN j.outcome = 'refund' THEN coalesce(x.taxes, '[]') END AS shipping_taxes,
    u.entries AS shipping_top_ups, d.currency, d.tax_mode, d.foreign_refund_ids,
    f.definitive_at + to_hours($deadline_hours) AS due_at, $mapping_version AS mapping_version, $decided_at::TIMESTAMP AS decided_at
FROM judged j
JOIN decided d USING (n)
JOIN folded f USING (n)
JOIN matched m USING (n)
LEFT JOIN priced p USING (n)
LEFT JOIN shipping_due x USING (n)
LEFT JOIN partition_lines l ON l.line_n = CASE WHEN j.cause = 'wrong_item' THEN d.line_n END
LEFT JOIN top_ups u USING (n)
LEFT JOIN held_elsewhere h ON h.piece_id = f.piece_id
LEFT JOIN map_policy w ON w.seq = d.policy_seq
LEFT JOIN map_causes c ON c.cause = j.cause
