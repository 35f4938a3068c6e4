-- candidates: pieces that the policy would refund and that have an order line, whether or not code and state let them. Pieces that
-- stopped for another cause, or that need no refund any more, are not the gate's matter.
WITH
lines AS (
    SELECT DISTINCT ON (order_line_id) order_line_id, line_state
    FROM mirakl_order_lines
    WHERE marketplace = $marketplace AND day = $day
    ORDER BY order_line_id, fetched_at DESC NULLS LAST
)
SELECT
    m.piece_id, coalesce(m.order_id, '') AS order_id, m.order_line_id, coalesce(m.reason, '') AS reason,
    coalesce(m.reason_raw, '') AS reason_raw, coalesce(m.refund_reason_code, '(not mapped)') AS code,
    coalesce(l.line_state, '(line not read)') AS state
FROM mapped_dispositions m
LEFT JOIN lines l ON l.order_line_id = m.order_line_id
WHERE
    m.marketplace = $marketplace AND m.day = $day AND m.policy_outcome = 'refund' AND m.order_line_id IS NOT NULL
    AND NOT coalesce(m.paid, FALSE) AND m.outcome IS DISTINCT FROM 'no_refund'
    AND (m.cause IS NULL OR m.cause IN ('unknown_reason', 'reason_not_mapped', 'reason_not_live', 'reason_not_for_shops', 'line_not_refundable'))
ORDER BY m.piece_id
