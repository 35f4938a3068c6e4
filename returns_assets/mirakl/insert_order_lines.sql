-- The chosen orders -> rows of mirakl_order_lines.
INSERT INTO mirakl_order_lines BY NAME
WITH lines AS (
  SELECT o.order_id, o.currency_iso_code AS currency, o.order_tax_mode AS tax_mode, fetched_at, unnest(o.order_lines) AS l
  FROM landed_orders SEMI JOIN chosen_orders ON landed_orders.rowid = chosen_orders.landed_row
)
SELECT
  $marketplace AS marketplace, $day AS day, order_id, l.order_line_id, l.order_line_index AS line_index, l.order_line_state AS line_state,
  l.offer_sku, l.product_sku, l.product_shop_sku, l.product_title, l.quantity, l.price_unit, l.price, l.shipping_price, l.can_refund,
  l.taxes, l.shipping_taxes,
  coalesce(list_sum(list_transform(l.cancelations, lambda c: c.amount)), 0)::DECIMAL(18,4) AS cancelled_amount,
  make_timestamp(epoch_us(try_cast(l.shipped_date AS TIMESTAMPTZ))) AS shipped_at,
  make_timestamp(epoch_us(try_cast(l.received_date AS TIMESTAMPTZ))) AS received_at,
  currency, tax_mode, fetched_at
FROM lines
WHERE l.order_line_id IS NOT NULL
