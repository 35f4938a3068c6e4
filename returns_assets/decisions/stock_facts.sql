-- stock_facts: of each folded piece its trigger and the day of its latest news, and what the warehouse said of its shelf; the offers as read. All that
-- stock.sql needs of the warehouse, copied in one transaction.
CREATE OR REPLACE TEMP TABLE stock_news AS
WITH
told AS (  -- events of the piece, and of its parcel as a whole
    SELECT f.n, r.event_key, r.event, r.event_time, r.kind, r.disposition, r.day, TRUE AS of_piece
    FROM folded f JOIN rebound_returns r ON r.piece_id = f.piece_id
    UNION ALL
    SELECT f.n, r.event_key, r.event, r.event_time, r.kind, r.disposition, r.day, FALSE
    FROM folded f JOIN rebound_returns r ON r.marketplace = $marketplace AND r.piece_id IS NULL AND r.return_id = f.return_id
),
once AS (  -- a repeated notification is no news: a fact belongs to the day on which it was first received
    SELECT n, event_key, event, any_value(kind) AS kind, any_value(disposition) AS disposition,
        bool_or(of_piece) AS of_piece, min(event_time) AS event_time, min(day) AS day
    FROM told GROUP BY n, event_key, event
),
marked AS (
    SELECT o.*, f.day AS piece_day,
        CASE $trigger
            WHEN 'putaway' THEN o.event = 'PUTAWAY_COMPLETED' AND o.of_piece
            -- the hub's word, not the warehouse's; what goes direct to the retailer meets no hub
            WHEN 'disposition' THEN o.event IN ('ITEM_GRADED', 'ITEM_DISPOSITIONED') AND coalesce(o.kind, '') <> 'warehouse_file'
                AND coalesce(o.disposition, 'NONE') <> 'NONE' AND f.lane <> 'DTR'
            ELSE o.event = 'PARCEL_DELIVERED'
        END AS triggers
    FROM once o JOIN folded f USING (n)
)
SELECT n, greatest(any_value(piece_day), max(day) FILTER (triggers AND NOT of_piece)) AS day,
    min(event_time) FILTER (triggers) AS triggered_at, arg_min(event, event_time) FILTER (triggers) AS trigger_event
FROM marked
GROUP BY n
HAVING bool_or(triggers);

CREATE OR REPLACE TEMP TABLE stock_shelf AS
WITH
rows AS (  -- the warehouse's rows about a piece that count as events of it, each fact once
    SELECT f.n, w.event_key, w.event, any_value(w.sku) AS sku, any_value(w.warehouse) AS warehouse, any_value(w.quantity) AS quantity,
        max(w.event_time) AS event_time, max(w.document_id) AS document_id
    FROM folded f
    JOIN warehouse_events w ON w.piece_id = f.piece_id AND w.event <> 'DISPATCHED'
    SEMI JOIN rebound_returns r ON r.piece_id = w.piece_id AND r.event_key = w.event_key
    GROUP BY f.n, w.event_key, w.event
)
SELECT n,
    arg_max(sku, (event_time, document_id)) FILTER (event = 'PUTAWAY' AND trim(coalesce(sku, '')) <> '') AS shelf_sku,
    list({'sku': nullif(trim(sku), ''), 'units': quantity, 'moment': {'time': event_time, 'document': document_id}}) FILTER (event = 'PUTAWAY') AS putaways,
    arg_max(warehouse, (event_time, document_id)) FILTER (trim(coalesce(warehouse, '')) <> '') AS place
FROM rows GROUP BY n;

CREATE OR REPLACE TEMP TABLE stock_listed AS
SELECT upper(trim(sku)) AS sku_key, min(sku) AS sku, bool_or(coalesce(warehouses::VARCHAR, '{}') <> '{}') AS divided
FROM stock_offers WHERE marketplace = $marketplace AND day = $day GROUP BY ALL;
