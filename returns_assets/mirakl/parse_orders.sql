-- Landed OR11 answers -> one row an answer-order, nested as Mirakl sends it, with explicit types (reference, 3.3 and 3.4).
-- Numbers become DECIMAL(18,4) exactly: a JSON number passes through a double, which holds every amount of up to 15 digits, and quoted
-- amounts are read as text. Absent and null are NULL; fields that are not named here are ignored; states are plain text, so a new enum
-- value passes. Of the customer only the country is read.
CREATE OR REPLACE TEMP TABLE landed_orders AS
WITH answers AS (
  SELECT filename, orders
  FROM read_json($files, format = 'unstructured', filename = true, maximum_object_size = 536870912, columns = {
    orders: 'STRUCT(
      order_id VARCHAR, commercial_id VARCHAR, order_state VARCHAR, currency_iso_code VARCHAR, order_tax_mode VARCHAR,
      price DECIMAL(18,4), shipping_price DECIMAL(18,4), total_price DECIMAL(18,4), total_commission DECIMAL(18,4),
      fully_refunded BOOLEAN, created_date VARCHAR, customer_debited_date VARCHAR, last_updated_date VARCHAR,
      customer STRUCT(shipping_address STRUCT(country_iso_code VARCHAR)),
      order_lines STRUCT(
        order_line_id VARCHAR, order_line_index INTEGER, order_line_state VARCHAR, offer_sku VARCHAR, product_sku VARCHAR,
        product_shop_sku VARCHAR, product_title VARCHAR, quantity INTEGER, price_unit DECIMAL(18,4), price DECIMAL(18,4),
        shipping_price DECIMAL(18,4), can_refund BOOLEAN, taxes JSON, shipping_taxes JSON, shipped_date VARCHAR, received_date VARCHAR,
        cancelations STRUCT(amount DECIMAL(18,4))[],
        refunds STRUCT(
          id VARCHAR, order_refund_id VARCHAR, amount DECIMAL(18,4), shipping_amount DECIMAL(18,4), quantity INTEGER, taxes JSON,
          shipping_taxes JSON, reason_code VARCHAR, refund_state VARCHAR, state VARCHAR, commission_total_amount DECIMAL(18,4),
          created_date VARCHAR)[])[])[]'})
),
named AS (                       -- the file's name says which operation, which batch and when
  SELECT f.operation = 'OR11-ids' AS by_id, f.batch AS batch, strptime(f.at, '%Y%m%dT%H%M%S%f') AS fetched_at, orders
  FROM (
    SELECT regexp_extract(filename, '(OR11-[a-z]+)-([0-9a-f]{12})-(\d{8}T\d{12})Z-\d{5}\.json$', ['operation', 'batch', 'at']) AS f, orders
    FROM answers
  )
),
listed AS (                      -- only now one row an order: the name is read once a file
  SELECT by_id, batch, fetched_at, unnest(orders) AS o FROM named
)
SELECT by_id, batch, fetched_at, make_timestamp(epoch_us(try_cast(o.last_updated_date AS TIMESTAMPTZ))) AS updated_at, o
FROM listed
WHERE o.order_id IS NOT NULL
