-- dispatch_whole: every line that the shop owes of an order that would be told as a whole, and how much of it left.
WITH
ready AS (
    SELECT order_id, unnest(from_json(lines, '[{"order_line_id": "VARCHAR", "quantity": "INTEGER"}]')) AS line
    FROM dispatch_notices
    WHERE marketplace = $marketplace AND day = $day AND outcome = 'ready' AND NOT multi_shipment
),
gone AS (
    SELECT order_id, line.order_line_id AS order_line_id, sum(line.quantity) AS units FROM ready GROUP BY ALL
)
SELECT o.order_id, o.order_line_id, coalesce(g.units, 0)::BIGINT AS units, o.quantity::BIGINT AS sold
FROM dispatch_orders o
LEFT JOIN gone g ON g.order_id = o.order_id AND g.order_line_id = o.order_line_id
WHERE
    o.marketplace = $marketplace AND o.day = $day AND o.order_id IN (SELECT order_id FROM ready)
    AND o.line_state NOT IN ('CANCELED', 'REFUSED', 'REFUNDED')
ORDER BY o.order_id, o.order_line_id
