-- ReBound's returns that were first registered on the day, and all others of the same orders and of the orders that are asked about
-- (asked_orders): one of those may be what a customer asks for on the marketplace. Folded as in fold.sql; items are what was announced or
-- found, unexpected pieces left out.
WITH
registered AS (
    SELECT return_id, min(day) AS first_day
    FROM rebound_returns
    WHERE marketplace = $marketplace AND event = 'RETURN_REGISTERED' AND return_id IS NOT NULL
    GROUP BY return_id
),
todays AS (
    SELECT return_id FROM registered WHERE first_day = $day
),
orders AS (
    SELECT order_id FROM asked_orders
    UNION
    SELECT trim(r.order_id) FROM rebound_returns r SEMI JOIN todays USING (return_id)
    WHERE r.marketplace = $marketplace AND r.order_id IS NOT NULL
),
concerned AS (
    SELECT return_id FROM todays
    UNION
    SELECT DISTINCT return_id FROM rebound_returns
    WHERE marketplace = $marketplace AND return_id IS NOT NULL AND trim(order_id) IN (SELECT order_id FROM orders)
),
events AS (
    SELECT
        r.*, ((epoch_us(r.event_time)::HUGEINT * 1000 + r.event_rank) * 10000 + least(coalesce(r.version, 0), 9999)) * 1000000000000
            + r.document_id AS ord
    FROM rebound_returns r SEMI JOIN concerned USING (return_id)
    WHERE r.marketplace = $marketplace
),
pieces AS (
    SELECT
        return_id, piece_id, arg_max(line_ref, ord) AS line_ref, arg_max(sku, ord) AS sku, coalesce(arg_max(quantity, ord), 1) AS quantity,
        arg_max(reason, ord) FILTER (reason IS NOT NULL AND reason NOT IN ('UNKNOWN', 'NOT_GIVEN')) AS reason
    FROM events
    WHERE piece_id IS NOT NULL
    GROUP BY return_id, piece_id
    HAVING coalesce(arg_max(verification, ord), '') <> 'UNEXPECTED_EXTRA'
),
items AS (
    SELECT return_id, list({'line_ref': line_ref, 'sku': sku, 'quantity': quantity, 'reason': reason} ORDER BY piece_id) AS items
    FROM pieces
    GROUP BY return_id
)
SELECT
    e.return_id, trim(arg_max(e.order_id, e.ord)) AS order_ref, arg_max(e.rma, e.ord) AS rma,
    arg_max(e.mirakl_return_id, e.ord) AS mirakl_return_id, min(e.event_time) AS started_at,
    e.return_id IN (SELECT return_id FROM todays) AS is_new,
    bool_or(e.event IN ('RETURN_CLOSED', 'RETURN_CANCELLED')) AS is_over,
    bool_or(
        e.event IN (
            'PARCEL_AT_HUB', 'PARCEL_DELIVERED', 'ITEM_REGISTERED', 'ITEM_GRADED', 'ITEM_DISPOSITIONED', 'ITEM_INSPECTED', 'PUTAWAY_COMPLETED'
        )
    ) AS has_arrived, coalesce(any_value(i.items), []) AS items
FROM events e
LEFT JOIN items i USING (return_id)
GROUP BY e.return_id
ORDER BY e.return_id
