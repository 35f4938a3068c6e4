-- The chosen orders -> rows of mirakl_refunds. refund_state is read first, the deprecated `state` where it is missing (reference, 3.4).
INSERT INTO mirakl_refunds BY NAME
WITH lines AS (
  SELECT o.order_id, fetched_at, unnest(o.order_lines) AS l
  FROM landed_orders SEMI JOIN chosen_orders ON landed_orders.rowid = chosen_orders.landed_row
),
refunds AS (
  SELECT order_id, l.order_line_id AS order_line_id, fetched_at, unnest(l.refunds) AS r FROM lines
)
SELECT
  $marketplace AS marketplace, $day AS day, order_id, order_line_id, r.id AS refund_id, r.order_refund_id,
  coalesce(r.amount, 0) AS amount, coalesce(r.shipping_amount, 0) AS shipping_amount, r.quantity, r.taxes, r.shipping_taxes,
  r.reason_code, coalesce(r.refund_state, r.state) AS refund_state, r.commission_total_amount AS commission_total,
  make_timestamp(epoch_us(try_cast(r.created_date AS TIMESTAMPTZ))) AS created_at, fetched_at
FROM refunds
WHERE r.id IS NOT NULL
