-- One day of one marketplace: $pieces pieces on two thirds as many order lines, two lines an order. Every third line got one piece back,
-- the others two; quantities are 1 to 3; every fifth line of three units has a refund of one unit that someone else made. Each piece has
-- a parcel event, its registration, and every twentieth registration was sent twice.
CREATE TEMP TABLE pieces AS
SELECT i, l, 'NOR-' || (l // 2) || '-A' AS order_id, 'NOR-' || (l // 2) || '-A-' || (1 + l % 2) AS line_id
FROM (SELECT i, 2 * (i // 3) + (i % 3 > 0)::INTEGER AS l FROM range($pieces) t (i));

INSERT INTO rebound_returns BY NAME
SELECT
    $day::DATE AS day, md5(p.i::VARCHAR || e.event) AS event_key, 3 * p.i + e.place AS document_id,
    $day::DATE + to_seconds(p.i % 80000) AS received_at, $day::DATE + to_seconds(p.i % 80000 - 3600 * (e.event_rank = 20)::INTEGER) AS event_time,
    e.event, e.event_rank, 'refund_registered' AS kind, 'nordhaus' AS marketplace, 'R' || (p.l // 2) AS return_id, p.order_id,
    'P' || p.i AS piece_id, p.line_id AS line_ref, 'S' || (p.l % 5000) AS sku, 1 AS quantity, 'Too large' AS reason_raw,
    CASE p.i % 4 WHEN 0 THEN 'SIZE_TOO_LARGE' WHEN 1 THEN 'SIZE_TOO_SMALL' WHEN 2 THEN 'CHANGED_MIND' ELSE 'DEFECTIVE' END AS reason,
    'MATCH' AS verification, 'U' AS grade, 'NONE' AS disposition
FROM pieces p, (VALUES ('PARCEL_IN_NETWORK', 20, 0), ('ITEM_REGISTERED', 50, 1), ('ITEM_REGISTERED', 50, 2)) e (event, event_rank, place)
WHERE e.place < 2 OR p.i % 20 = 0;

INSERT INTO mirakl_orders BY NAME
SELECT DISTINCT 'nordhaus' AS marketplace, $day::DATE AS day, order_id, left(order_id, -2) AS commercial_id, 'RECEIVED' AS order_state,
    'EUR' AS currency, 'TAX_INCLUDED' AS tax_mode
FROM pieces;

INSERT INTO mirakl_order_lines BY NAME
WITH lines AS (
    SELECT l, any_value(order_id) AS order_id, any_value(line_id) AS order_line_id,
        CASE WHEN count(*) = 1 THEN 1 + 2 * (l // 2 % 2) ELSE 2 + (l // 2) % 2 END AS quantity, 1000 + (l * 37) % 9973 AS cents
    FROM pieces GROUP BY l
)
SELECT 'nordhaus' AS marketplace, $day::DATE AS day, order_id, order_line_id, 1 + l % 2 AS line_index, 'RECEIVED' AS line_state,
    'S' || (l % 5000) AS offer_sku, 'P-S' || (l % 5000) AS product_sku, quantity, cents::DECIMAL(18, 0) / 100 / quantity AS price_unit,
    cents::DECIMAL(18, 0) * 0.01 AS price, 0 AS shipping_price, 'EUR' AS currency, 'TAX_INCLUDED' AS tax_mode,
    '[{"code":"VAT","amount":' || ((cents * 19 // 119)::DECIMAL(18, 0) * 0.01)::DECIMAL(18, 2) || '}]' AS taxes, '[]' AS shipping_taxes
FROM lines;

INSERT INTO mirakl_refunds BY NAME
SELECT marketplace, day, order_id, order_line_id, 'F-' || order_line_id AS refund_id, round(price / 3, 2) AS amount, 0 AS shipping_amount,
    'REFUNDED' AS refund_state
FROM mirakl_order_lines WHERE quantity = 3 AND hash(order_line_id) % 5 = 0;

INSERT INTO mirakl_reference BY NAME
SELECT 'nordhaus' AS marketplace, $day::DATE AS day, 'refund_reason' AS list, '17' AS code, '{"is_shop_right":true}' AS attributes;
