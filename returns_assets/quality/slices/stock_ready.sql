-- stock_ready: the pieces that would go on sale, beside the events, orders, offers and shelf rows as they were read.
WITH ready AS (
    SELECT * FROM stock_actions WHERE marketplace = $marketplace AND day = $day AND outcome = 'restock'
),
near AS (  -- events of the piece, and of its parcel as a whole, as the decision counts them
    SELECT r.piece_id, e.event, e.kind, TRUE AS of_piece FROM ready r JOIN rebound_returns e ON e.piece_id = r.piece_id
    UNION ALL
    SELECT r.piece_id, e.event, e.kind, FALSE
    FROM ready r JOIN rebound_returns e ON e.piece_id IS NULL AND e.marketplace = r.marketplace AND e.return_id = r.return_id
),
told AS (  -- whether one of them is the trigger
    SELECT piece_id, bool_or(
        CASE $stock_trigger
            WHEN 'putaway' THEN event = 'PUTAWAY_COMPLETED' AND of_piece
            WHEN 'disposition' THEN event IN ('ITEM_GRADED', 'ITEM_DISPOSITIONED') AND coalesce(kind, '') <> 'warehouse_file'
            ELSE event = 'PARCEL_DELIVERED'
        END) AS triggered
    FROM near GROUP BY piece_id
),
shelved AS (  -- the last putaway that counts as an event of the piece; of two of one time, that of the later document
    SELECT w.piece_id, arg_max(upper(trim(w.sku)), (w.event_time, w.document_id)) AS sku
    FROM warehouse_events w
    SEMI JOIN rebound_returns e ON e.piece_id = w.piece_id AND e.event_key = w.event_key
    WHERE w.piece_id IN (SELECT piece_id FROM ready) AND w.event = 'PUTAWAY' AND trim(coalesce(w.sku, '')) <> ''
    GROUP BY w.piece_id
),
lines AS (
    SELECT order_id, upper(trim(offer_sku)) AS sku_key,
        flatten(list([upper(trim(s)) FOR s IN [offer_sku, product_sku, product_shop_sku] IF s IS NOT NULL])) AS names
    FROM mirakl_order_lines WHERE marketplace = $marketplace AND day = $day GROUP BY ALL
),
offers AS (
    SELECT DISTINCT upper(trim(sku)) AS sku_key FROM stock_offers WHERE marketplace = $marketplace AND day = $day
)
SELECT
    r.piece_id, r.order_id, r.sku, r.quantity, r.verification, r.grade, r.disposition, r.lane, coalesce(r.trigger_event, '') AS trigger_event,
    CASE WHEN t.triggered THEN 'triggered' ELSE 'no trigger' END AS trigger_says,
    CASE WHEN l.sku_key IS NOT NULL AND (r.mode <> 'own' OR o.sku_key IS NOT NULL) THEN 'offered' ELSE 'not offered' END AS sku_says,
    CASE
        WHEN r.piece_sku IS NOT NULL AND NOT coalesce(list_contains(l.names, upper(trim(r.piece_sku))), FALSE) THEN r.piece_sku
        WHEN $stock_trigger = 'putaway' AND s.sku IS NOT NULL AND NOT coalesce(list_contains(l.names, s.sku), FALSE) THEN s.sku
        ELSE ''
    END AS other_sku,
    coalesce((SELECT max(a.day)::VARCHAR FROM stock_actions a WHERE a.piece_id = r.piece_id AND a.day > r.day), '') AS later_day
FROM ready r
LEFT JOIN told t USING (piece_id)
LEFT JOIN shelved s USING (piece_id)
LEFT JOIN lines l ON l.order_id = r.order_id AND l.sku_key = upper(trim(r.sku))
LEFT JOIN offers o ON o.sku_key = upper(trim(r.sku))
