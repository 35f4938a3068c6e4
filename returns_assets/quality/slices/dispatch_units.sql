-- dispatch_units: order lines with a ready notice, and what all notices of the order that are ready or done say left, beside what was sold.
WITH
ready AS (
    SELECT DISTINCT order_id FROM dispatch_notices WHERE marketplace = $marketplace AND day = $day AND outcome = 'ready'
),
told AS (  -- an older day's row is superseded by a later one of the same notice
    SELECT DISTINCT ON (notice_id) notice_id, day, order_id, tracking_number, lines, outcome, decided_at
    FROM dispatch_notices
    WHERE marketplace = $marketplace AND order_id IN (SELECT order_id FROM ready)
    ORDER BY notice_id, day DESC
),
shipped AS (
    SELECT DISTINCT order_id, tracking_number FROM dispatch_shipments
    WHERE marketplace = $marketplace AND day = $day AND status IN ('SHIPPED', 'TO_COLLECT', 'RECEIVED', 'CLOSED')
),
news AS (
    SELECT trim(order_id) AS order_id, max(received_at) AS received_at FROM warehouse_events
    WHERE marketplace = $marketplace AND event = 'DISPATCHED' AND trim(order_id) IN (SELECT order_id FROM ready)
    GROUP BY trim(order_id)
),
standing AS (  -- another day's notice that is older than its order's last news is not sent, unless it was
    SELECT t.* FROM told t JOIN news n USING (order_id) LEFT JOIN shipped s ON s.order_id = t.order_id AND s.tracking_number = t.tracking_number
    WHERE t.day = $day OR t.outcome = 'done' OR s.order_id IS NOT NULL OR n.received_at <= t.decided_at
),
parts AS (
    SELECT order_id, unnest(from_json(lines, '[{"order_line_id": "VARCHAR", "quantity": "INTEGER"}]')) AS line
    FROM standing WHERE outcome IN ('ready', 'done')
),
sold AS (
    SELECT order_id, order_line_id, any_value(quantity) AS quantity
    FROM dispatch_orders WHERE marketplace = $marketplace AND day = $day
    GROUP BY order_id, order_line_id
)
SELECT p.order_id, p.line.order_line_id AS order_line_id, sum(p.line.quantity)::BIGINT AS units, coalesce(any_value(s.quantity), 0)::BIGINT AS sold
FROM parts p
LEFT JOIN sold s ON s.order_id = p.order_id AND s.order_line_id = p.line.order_line_id
GROUP BY p.order_id, p.line.order_line_id
ORDER BY p.order_id, p.line.order_line_id
