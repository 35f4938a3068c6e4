-- What happened to one return, from the first scan to the refund?
WITH
wanted AS (
    SELECT return_id FROM current_dispositions WHERE order_id = 'NOR-1001-A'
),
refunded_pieces AS (
    SELECT p.refund_id, p.state, p.confirmed_at, p.amount, unnest(from_json(p.pieces, '[{"piece_id": "VARCHAR"}]')).piece_id AS piece_id
    FROM refund_pushes p
),
happenings AS (
    SELECT r.event_time AS happened_at, r.event AS what, r.piece_id, r.location AS detail
    FROM rebound_returns r
    WHERE r.return_id IN (SELECT return_id FROM wanted)
    UNION ALL
    SELECT m.decided_at, 'decided: ' || m.outcome, m.piece_id, coalesce(m.cause, m.rule)
    FROM current_dispositions m
    WHERE m.return_id IN (SELECT return_id FROM wanted)
    UNION ALL
    SELECT f.confirmed_at, 'refund ' || f.state, f.piece_id, f.refund_id
    FROM refunded_pieces f
    JOIN current_dispositions m USING (piece_id)
    WHERE m.return_id IN (SELECT return_id FROM wanted)
    UNION ALL
    SELECT p.confirmed_at, 'shipping alone ' || p.state, NULL, p.refund_id
    FROM refund_pushes p
    WHERE p.order_id = 'NOR-1001-A' AND json_array_length(p.pieces) = 0
)
SELECT happened_at, what, piece_id, detail
FROM happenings
ORDER BY happened_at NULLS LAST, what;
