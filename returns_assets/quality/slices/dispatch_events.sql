-- dispatch_events: the dispatches that came first on this day, and whether a notice of this or a later day has their order.
WITH
todays AS (
    SELECT DISTINCT event_key, trim(order_id) AS order_id
    FROM warehouse_events
    WHERE marketplace = $marketplace AND day = $day AND event = 'DISPATCHED' AND trim(coalesce(order_id, '')) <> ''
),
seen AS (
    SELECT event_key, trim(order_id) AS order_id, min(day) AS day
    FROM warehouse_events
    WHERE marketplace = $marketplace AND event = 'DISPATCHED' AND trim(order_id) IN (SELECT order_id FROM todays)
    GROUP BY ALL
)
SELECT
    s.event_key, s.order_id,
    CASE
        WHEN s.order_id IN (SELECT order_id FROM dispatch_notices WHERE marketplace = $marketplace AND day = $day) THEN 'kept'
        WHEN s.order_id IN (SELECT order_id FROM seen WHERE day > $day) THEN 'kept'
        ELSE 'lost'
    END AS kept
FROM seen s
WHERE s.day = $day
ORDER BY s.event_key
