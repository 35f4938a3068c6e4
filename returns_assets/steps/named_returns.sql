-- What RT11 is asked for because a day's ReBound events name it: (parameter, value). Mirakl's own ids where ReBound has them, and the
-- orders by line id and by commercial id. A commercial id that no order read so far tells is tried in the two usual forms (reference,
-- 3.2): the answers carry the order's id, so that a wrong guess finds nothing.
WITH todays AS (
  SELECT DISTINCT return_id FROM rebound_returns WHERE marketplace = $marketplace AND day = $day AND return_id IS NOT NULL
),
events AS (
  SELECT r.order_id, r.line_ref, r.rma, r.mirakl_return_id
  FROM rebound_returns r SEMI JOIN todays USING (return_id)
  WHERE r.marketplace = $marketplace
),
orders AS (
  SELECT DISTINCT trim(order_id) AS order_id FROM events WHERE trim(order_id) <> ''
),
known AS (
  SELECT DISTINCT o.order_id, m.commercial_id
  FROM orders o JOIN mirakl_orders m ON m.order_id = o.order_id
  WHERE m.marketplace = $marketplace AND m.commercial_id IS NOT NULL
),
asked AS (
  SELECT 'order_commercial_id' AS field, commercial_id AS value FROM known
  UNION
  SELECT 'order_commercial_id', order_id FROM orders ANTI JOIN known USING (order_id)
  UNION
  SELECT 'order_commercial_id', regexp_replace(order_id, '-[A-Z]+$', '') FROM orders ANTI JOIN known USING (order_id)
  UNION
  SELECT 'order_line_id', line_ref FROM events WHERE line_ref IS NOT NULL
  UNION
  SELECT 'return_id', mirakl_return_id FROM events WHERE mirakl_return_id IS NOT NULL
  UNION
  SELECT 'return_rma', rma FROM events WHERE rma IS NOT NULL
)
SELECT field, value FROM asked WHERE trim(value) <> '' ORDER BY field, value
