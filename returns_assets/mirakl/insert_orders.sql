-- The chosen orders -> rows of mirakl_orders.
INSERT INTO mirakl_orders BY NAME
SELECT
  $marketplace AS marketplace, $day AS day, o.order_id, o.commercial_id, o.order_state, o.currency_iso_code AS currency,
  o.order_tax_mode AS tax_mode, o.price, o.shipping_price, o.total_price, o.total_commission, o.fully_refunded,
  nullif(o.customer.shipping_address.country_iso_code, '') AS ship_to_country,
  make_timestamp(epoch_us(try_cast(o.created_date AS TIMESTAMPTZ))) AS created_at,
  make_timestamp(epoch_us(try_cast(o.customer_debited_date AS TIMESTAMPTZ))) AS debited_at,
  updated_at, fetched_at
FROM landed_orders SEMI JOIN chosen_orders ON landed_orders.rowid = chosen_orders.landed_row
