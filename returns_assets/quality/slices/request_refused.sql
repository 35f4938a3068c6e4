-- request_refused: the lines of requests that would be refused, as they were read; what the first of them says is what the code stands for.
WITH
refused AS (
    SELECT request_id, order_id, rejection_code, unnest(lines_of) AS line, lines_of[1].order_line_id AS first_line
    FROM (
        SELECT request_id, order_id, CASE WHEN origin = 'portal' THEN '' ELSE coalesce(rejection_code, '(none)') END AS rejection_code, from_json(lines, '[{"order_line_id": "VARCHAR"}]') AS lines_of
        FROM return_requests
        WHERE marketplace = $marketplace AND day = $day AND outcome = 'refuse'
    )
),
standing AS (
    SELECT DISTINCT
        r.request_id, r.order_id, r.line.order_line_id AS order_line_id, r.rejection_code AS code, r.first_line,
        CASE
            WHEN l.order_line_id IS NULL OR l.order_id IS DISTINCT FROM r.order_id THEN '(not read)'
            WHEN l.line_state = 'REFUNDED' OR (l.price > 0 AND l.refunded_amount >= l.price) THEN 'REFUNDED'
            WHEN l.line_state IN (SELECT unnest($never_states)) THEN l.line_state
            WHEN l.quantity > l.sold - greatest(l.in_other_returns, l.refunded_units) THEN 'QUANTITY'
            ELSE l.line_state
        END AS stands
    FROM refused r
    LEFT JOIN return_request_lines l
        ON l.marketplace = $marketplace AND l.day = $day AND l.request_id = r.request_id AND l.order_line_id = r.line.order_line_id
)
SELECT request_id, order_id, order_line_id, code, stands, CASE WHEN order_line_id = first_line AND code <> '' THEN stands || ' > ' || code ELSE '' END AS translated
FROM standing
ORDER BY request_id, order_line_id
