-- stock_units: units of an order's SKU that would go on sale or already are, by this and other days, beside the units that it sold.
WITH ready AS (
    SELECT DISTINCT order_id, upper(trim(sku)) AS sku_key FROM stock_actions
    WHERE marketplace = $marketplace AND day = $day AND outcome = 'restock'
),
latest AS (  -- a piece counts as the partition that decided it last has it
    SELECT piece_id, arg_max(order_id, day) AS order_id, arg_max(upper(trim(sku)), day) AS sku_key, arg_max(quantity, day) AS quantity,
        arg_max(outcome, day) = 'restock' OR coalesce(arg_max(restocked, day), FALSE) AS counts
    FROM stock_actions WHERE marketplace = $marketplace GROUP BY piece_id
),
sold AS (
    SELECT order_id, upper(trim(offer_sku)) AS sku_key, sum(quantity) AS sold
    FROM mirakl_order_lines WHERE marketplace = $marketplace AND day = $day GROUP BY ALL
)
SELECT r.order_id, r.sku_key AS sku, coalesce(sum(l.quantity) FILTER (l.counts), 0)::BIGINT AS units, coalesce(any_value(s.sold), 0)::BIGINT AS sold
FROM ready r
JOIN latest l ON l.order_id = r.order_id AND l.sku_key = r.sku_key
LEFT JOIN sold s ON s.order_id = r.order_id AND s.sku_key = r.sku_key
GROUP BY r.order_id, r.sku_key
