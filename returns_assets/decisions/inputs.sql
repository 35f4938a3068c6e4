-- What the partition's decisions read besides the events, copied once, so that every later step sees the same moment. Temp tables that
-- are committed are scanned by all threads; those of an open transaction by one.
CREATE OR REPLACE TEMP TABLE partition_orders AS
SELECT order_id, commercial_id
FROM mirakl_orders
WHERE marketplace = $marketplace AND day = $day;

CREATE OR REPLACE TEMP TABLE partition_lines AS
SELECT
    row_number() OVER () AS line_n,  -- stands for the line as n does for the piece
    order_id, order_line_id, line_index, line_state, offer_sku, product_sku, product_shop_sku, quantity AS line_quantity, price_unit, price,
    shipping_price, currency, tax_mode, taxes,
    CASE WHEN json_array_length(shipping_taxes) > 0 THEN shipping_taxes END AS shipping_taxes,
    (price * $minor)::HUGEINT AS price_minor,
    floor(coalesce(shipping_price, 0) * $minor)::HUGEINT AS shipping_minor,
    -- what cannot be shared out to the cent is for a person: a price finer than the currency, a tax without an amount, or a
    -- cancelation that shrank the money and not the quantity
    price * $minor <> (price * $minor)::HUGEINT
        OR (coalesce(cancelled_amount, 0) > 0 AND abs(price - price_unit * quantity) * $minor > quantity)
        OR len(list_filter(
            coalesce(from_json(taxes, '[{"amount": "VARCHAR"}]'), []) || coalesce(from_json(shipping_taxes, '[{"amount": "VARCHAR"}]'), []),
            lambda t: TRY_CAST(t.amount AS DECIMAL(18, 4)) IS NULL)) > 0 AS unreadable
FROM mirakl_order_lines
WHERE marketplace = $marketplace AND day = $day;

CREATE OR REPLACE TEMP TABLE partition_refunds AS
SELECT order_line_id, refund_id, amount, shipping_amount
FROM mirakl_refunds
WHERE marketplace = $marketplace AND day = $day;

CREATE OR REPLACE TEMP TABLE partition_reasons AS
SELECT code, bool_or(json_extract_string(attributes, '$.is_shop_right') = 'true') AS shop_right
FROM mirakl_reference
WHERE marketplace = $marketplace AND day = $day AND list = 'refund_reason'
GROUP BY code;
