-- The partition's cases with what they are matched to; pieces and lines as lists. A case whose latest event is another day's is left out.
WITH
pieces AS (
    SELECT p.return_id, list({
        'piece_id': p.piece_id,
        -- by line id; else by SKU, where the order has it on exactly one line and the return has that line
        'order_line_id': coalesce(l.order_line_id, s.order_line_id),
        'quantity': p.quantity, 'verification': p.verification, 'grade': p.grade, 'disposition': p.disposition,
        'decided_at': CASE WHEN coalesce(d.definitive, TRUE) THEN p.decided_at END
    } ORDER BY p.piece_id) AS pieces
    FROM status_pieces p
    LEFT JOIN status_matched m USING (return_id)
    LEFT JOIN status_returns r ON r.mirakl_return_id = m.mirakl_return_id
    LEFT JOIN status_return_lines l ON l.mirakl_return_id = m.mirakl_return_id AND l.order_line_id = p.line_ref
    LEFT JOIN status_skus k ON p.line_ref IS NULL AND k.order_id = r.order_id AND k.sku_key = p.sku_key
    LEFT JOIN status_return_lines s ON s.mirakl_return_id = m.mirakl_return_id AND s.order_line_id = k.order_line_id
    LEFT JOIN map_dispositions d ON d.disposition = p.disposition
    GROUP BY p.return_id
),
refunds AS (  -- what planning last said of the return's pieces
    SELECT p.return_id, list({'piece_id': p.piece_id, 'outcome': last.outcome}) AS refunds
    FROM status_pieces p
    LEFT JOIN (
        SELECT piece_id, arg_max(outcome, day) AS outcome FROM mapped_dispositions
        WHERE marketplace = $marketplace AND piece_id IN (SELECT piece_id FROM status_pieces) GROUP BY piece_id
    ) last USING (piece_id)
    GROUP BY p.return_id
)
SELECT
    c.return_id, c.order_ref, c.lane, c.started_at, c.in_network_at, c.received_at, c.ended, c.ended_at,
    coalesce(m.fits, 0) AS fits, coalesce(m.cases, 0) AS cases, m.candidates, m.matched_by,
    r.mirakl_return_id, r.order_id, r.state, r.created_at, r.updated_at, r.lines,
    (SELECT count(*) FROM status_returns o WHERE o.order_id = c.order_ref OR o.commercial_id = c.order_ref) AS of_order,
    coalesce(p.pieces, []) AS pieces, coalesce(f.refunds, []) AS refunds
FROM status_cases c
LEFT JOIN status_matched m USING (return_id)
LEFT JOIN status_returns r ON r.mirakl_return_id = m.mirakl_return_id AND m.fits = 1 AND m.cases = 1
LEFT JOIN pieces p USING (return_id)
LEFT JOIN refunds f USING (return_id)
WHERE c.day = $day
ORDER BY c.return_id
