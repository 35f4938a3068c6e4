-- Which of the landed rows become the partition's: one an order, the newest, and none that the warehouse has newer already.
-- Works on keys only, so the nested rows are not sorted.
CREATE OR REPLACE TEMP TABLE chosen_orders AS
WITH newest AS (
  SELECT rowid AS landed_row, o.order_id AS order_id, fetched_at
  FROM landed_orders
  QUALIFY row_number() OVER (
    PARTITION BY o.order_id ORDER BY fetched_at DESC, by_id DESC, batch DESC, updated_at DESC NULLS LAST, rowid DESC) = 1
),
kept AS (
  SELECT order_id, max(fetched_at) AS fetched_at FROM mirakl_orders WHERE marketplace = $marketplace AND day = $day GROUP BY order_id
)
SELECT newest.landed_row, newest.order_id
FROM newest LEFT JOIN kept USING (order_id)
WHERE kept.fetched_at IS NULL OR kept.fetched_at <= newest.fetched_at
