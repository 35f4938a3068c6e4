-- warehouse_facts: what the warehouse told of pieces that could be told, and what of it is in rebound_returns.
WITH
told AS (
    SELECT document_id, event_key, coalesce(piece_id, '') AS piece_id, count(*) AS rows_told
    FROM warehouse_events
    WHERE day = $day AND event <> 'DISPATCHED'
        AND NOT coalesce(regexp_matches(problem, '(^|; )(unroutable|order_differs|piece_not_announced|piece_unclear)'), FALSE)
    GROUP BY ALL
),
kept AS (
    SELECT document_id, event_key, coalesce(piece_id, '') AS piece_id, count(*) AS rows_kept
    FROM rebound_returns
    WHERE day = $day AND kind = 'warehouse_file'
    GROUP BY ALL
)
SELECT document_id, piece_id, coalesce(t.rows_told, 0) AS told, coalesce(k.rows_kept, 0) AS kept
FROM told t
FULL JOIN kept k USING (document_id, event_key, piece_id)
ORDER BY 1, 2
