-- The orders of one partition of mirakl_orders with their lines, and the latest later day that has the order as well.
WITH
later AS (  -- an order belongs to the last day on which it changed or was named
  SELECT order_id, max(day) AS later_day FROM mirakl_orders
  WHERE marketplace = $marketplace AND day > $day
  GROUP BY order_id
),
line_lists AS (
  SELECT order_id,
    list({
      'line_id': order_line_id, 'state': coalesce(line_state, ''), 'sku': coalesce(offer_sku, ''), 'product_sku': coalesce(product_sku, ''),
      'title': coalesce(product_title, ''), 'quantity': coalesce(quantity, 0), 'price_unit': price_unit, 'shipped_at': shipped_at
    } ORDER BY order_line_id) AS lines
  FROM mirakl_order_lines WHERE marketplace = $marketplace AND day = $day
  GROUP BY order_id
)
SELECT
  o.order_id, coalesce(o.commercial_id, '') AS commercial_id, coalesce(o.order_state, '') AS state, coalesce(o.currency, '') AS currency,
  coalesce(o.ship_to_country, '') AS country, coalesce(o.fully_refunded, FALSE) AS fully_refunded, o.created_at, coalesce(l.lines, []) AS lines,
  later.later_day
FROM mirakl_orders o
LEFT JOIN line_lists l USING (order_id)
LEFT JOIN later USING (order_id)
WHERE o.marketplace = $marketplace AND o.day = $day
ORDER BY o.order_id
