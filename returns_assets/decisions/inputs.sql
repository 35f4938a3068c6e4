-- What the partition's decisions read besides the events, copied once, so that every later step sees the same moment. Temp tables that
-- are committed are scanned by all threads; those of an open transaction by one.
CREATE OR REPLACE TEMP TABLE partition_orders AS
SELECT order_id, commercial_id
FROM mirakl_orders
WHERE marketplace = $marketplace AND day = $day;

CREATE OR REPLACE TEMP TABLE partition_lines AS
SELECT * EXCLUDE (marketplace, day, product_title, can_refund, shipped_at, received_at, fetched_at)
FROM mirakl_order_lines
WHERE marketplace = $marketplace AND day = $day;

CREATE OR REPLACE TEMP TABLE partition_refunds AS
SELECT order_line_id, refund_id, amount, shipping_amount
FROM mirakl_refunds
WHERE marketplace = $marketplace AND day = $day;

CREATE OR REPLACE TEMP TABLE partition_reasons AS
SELECT code, bool_or(coalesce(json_extract_string(attributes, '$.is_shop_right'), 'true') = 'true') AS shop_right
FROM mirakl_reference
WHERE marketplace = $marketplace AND day = $day AND list = 'refund_reason'
GROUP BY code;
