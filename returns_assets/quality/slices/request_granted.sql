-- request_granted: the lines that would be authorised or created, beside the lines as they were read: one row a line that is in either.
WITH
granted AS (
    SELECT request_id, order_id, lines FROM return_requests
    WHERE marketplace = $marketplace AND day = $day AND outcome IN ('authorise', 'create')
),
asked AS (
    SELECT request_id, order_id, line.order_line_id AS order_line_id, sum(line.quantity)::BIGINT AS asked
    FROM (SELECT request_id, order_id, unnest(from_json(lines, '[{"order_line_id": "VARCHAR", "quantity": "INTEGER"}]')) AS line FROM granted)
    GROUP BY ALL
),
listed AS (
    SELECT l.* FROM return_request_lines l
    WHERE l.marketplace = $marketplace AND l.day = $day AND l.request_id IN (SELECT request_id FROM granted)
)
SELECT
    request_id, coalesce(a.order_id, l.order_id, '') AS order_id, order_line_id, coalesce(a.asked, 0) AS asked,
    coalesce(l.quantity, 0)::BIGINT AS read,
    CASE
        WHEN l.order_line_id IS NULL OR l.order_id IS DISTINCT FROM a.order_id THEN '(not read)'
        WHEN l.line_state = 'REFUNDED' OR (l.price > 0 AND l.refunded_amount >= l.price) THEN 'REFUNDED'
        WHEN l.quantity > l.sold - l.in_other_returns - greatest(l.refunded_units - l.in_returns_back, 0) THEN 'QUANTITY'
        ELSE l.line_state
    END AS stands
FROM asked a FULL JOIN listed l USING (request_id, order_line_id)
ORDER BY request_id, order_line_id
