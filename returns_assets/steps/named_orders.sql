-- The orders that a partition's returns name: in the day's own events, or in an earlier event of a return that has one today
-- (a later notification may come without the order id). An id with a comma cannot be asked for: OR11 takes a comma-separated list.
WITH todays AS (
  SELECT DISTINCT return_id FROM rebound_returns WHERE marketplace = $marketplace AND day = $day AND return_id IS NOT NULL
),
named AS (
  SELECT order_id FROM rebound_returns WHERE marketplace = $marketplace AND day = $day
  UNION
  SELECT order_id FROM rebound_returns WHERE marketplace = $marketplace AND day < $day AND return_id IN (SELECT return_id FROM todays)
)
SELECT order_id FROM named WHERE order_id IS NOT NULL AND trim(order_id) <> '' AND NOT contains(order_id, ',') ORDER BY order_id
