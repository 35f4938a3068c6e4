-- The lines that would be told beside those that Mirakl shows, one row a line that is in either; cancelled ones are expected in neither.
WITH
ready AS (
    SELECT order_id, document FROM rebound_orders WHERE marketplace = $marketplace AND day = $day AND outcome = 'ready'
),
items AS (
    SELECT order_id, i.clientItemId AS order_line_id,
        concat_ws(' ', i.sku, i.quantity, 'x', i.commercialValue::DECIMAL(18,4), i.commercialValueCurrency) AS told
    FROM (
        SELECT order_id, unnest(from_json(document->'salesItems', '[{"clientItemId": "VARCHAR", "sku": "VARCHAR", "quantity": "VARCHAR",
            "commercialValue": "VARCHAR", "commercialValueCurrency": "VARCHAR"}]')) AS i
        FROM ready
    )
),
told AS (
    SELECT order_id, order_line_id, string_agg(told, ' and ' ORDER BY told) AS told FROM items GROUP BY order_id, order_line_id
),
lines AS (
    SELECT l.order_id, l.order_line_id, coalesce(l.line_state, '(none)') AS line_state,
        concat_ws(' ', l.offer_sku, l.quantity, 'x', l.price_unit, CASE WHEN l.price_unit IS NOT NULL THEN o.currency END) AS sold
    FROM mirakl_order_lines l
    JOIN ready USING (order_id)
    JOIN mirakl_orders o ON o.marketplace = l.marketplace AND o.day = l.day AND o.order_id = l.order_id
    WHERE l.marketplace = $marketplace AND l.day = $day AND coalesce(l.line_state, '') NOT IN ('CANCELED', 'REFUSED')
)
SELECT
    order_id, order_line_id, coalesce(line_state, 'SHIPPED') AS state,  -- a line that Mirakl does not show is the other check's finding
    coalesce(told, '(not told)') AS told, coalesce(sold, '(not sold)') AS sold
FROM told FULL JOIN lines USING (order_id, order_line_id)
