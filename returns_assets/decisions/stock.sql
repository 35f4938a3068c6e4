-- stock_judged: each folded piece with its order line, what restock.csv says, and why it is not put back on sale, if anything is in the way.
-- `folded` and `matched` are those of the refunds (fold.sql, match.sql), only with every event in place of the definitive ones.
CREATE OR REPLACE TEMP TABLE stock_judged AS
WITH
combos AS (
    SELECT DISTINCT verification, grade, disposition, lane FROM folded
),
policy AS (  -- the first row of the table that fits decides
    SELECT c.*, arg_min(m, m.seq) AS row
    FROM combos c
    JOIN map_restock m
        ON (m.verification = ['*'] OR list_contains(m.verification, c.verification))
        AND (m.grade = ['*'] OR list_contains(m.grade, c.grade))
        AND (m.disposition = ['*'] OR list_contains(m.disposition, c.disposition))
        AND (m.lane = ['*'] OR list_contains(m.lane, c.lane))
    GROUP BY ALL
),
lines AS (
    SELECT order_id, order_line_id, offer_sku, upper(trim(offer_sku)) AS sku_key, line_quantity,
        [upper(trim(s)) FOR s IN [offer_sku, product_sku, product_shop_sku] IF s IS NOT NULL] AS names
    FROM partition_lines
),
by_sku AS (  -- which of several lines of one SKU it was does not matter for stock
    SELECT order_id, sku_key, min(offer_sku) AS offer_sku, min(order_line_id) AS order_line_id, sum(line_quantity) AS units,
        flatten(list(names)) AS names
    FROM lines GROUP BY order_id, sku_key
),
placed AS (
    SELECT f.*, w.day AS news_day, w.trigger_event, w.triggered_at, m.order_id, l.order_line_id, s.shelf_sku, s.putaways, s.place,
        coalesce(l.sku_key, b.sku_key) AS sku_key, coalesce(l.offer_sku, b.offer_sku) AS line_sku, coalesce(l.names, b.names) AS names,
        p.row.rule AS rule, coalesce(p.row.sellable, FALSE) AS sellable, coalesce(d.definitive, TRUE) AS final,
        h.piece_id IS NOT NULL AS held, coalesce(h.live, FALSE) AS live, h.marketplace AS held_by, h.sku_key AS held_sku,
        h.quantity AS held_quantity
    FROM folded f
    JOIN stock_news w USING (n)
    JOIN matched m USING (n)
    LEFT JOIN stock_shelf s USING (n)
    LEFT JOIN lines l ON l.order_id = m.order_id AND l.order_line_id = m.order_line_id
    LEFT JOIN by_sku b ON b.order_id = m.order_id AND b.sku_key = upper(trim(f.sku))
    LEFT JOIN policy p ON p.verification = f.verification AND p.grade = f.grade AND p.disposition = f.disposition AND p.lane = f.lane
    LEFT JOIN map_dispositions d ON d.disposition = f.disposition
    LEFT JOIN our_stock h ON h.piece_id = f.piece_id
),
put AS (  -- each putaway, and whether it is of the article that was sold
    SELECT n, w.sku AS sku, w.units AS units, w.moment AS moment, w.sku IS NULL OR list_contains(names, upper(w.sku)) AS as_sold
    FROM (SELECT n, names, unnest(putaways) AS w FROM placed WHERE names IS NOT NULL)
),
mixed AS (
    SELECT n, max(moment) AS mixed_at, arg_max(sku, moment) AS other_sku FROM put WHERE NOT as_sold GROUP BY n
),
shelved AS (  -- units on the shelf; after another article was put away, one putaway is to have all of them: a sum may count moves
    SELECT n, any_value(m.other_sku) AS other_sku, sum(p.units) FILTER (m.n IS NULL) AS all_units,
        max(p.units) FILTER (p.as_sold AND p.moment > m.mixed_at) AS units_since
    FROM put p LEFT JOIN mixed m USING (n)
    GROUP BY n
),
judged AS (
    SELECT p.*, s.other_sku, CASE WHEN s.other_sku IS NULL THEN s.all_units ELSE coalesce(s.units_since, 0) END AS shelf_units,
        o.sku AS offer_sku, coalesce(o.divided, FALSE) AS divided, a.units AS sold_units,
        coalesce(e.code, e_other.code) AS code,
        CASE
            WHEN p.unclear THEN 'piece_id_unclear'
            WHEN p.verification = 'UNKNOWN' THEN 'unknown_verification'
            WHEN p.grade = 'UNKNOWN' THEN 'unknown_grade'
            WHEN p.disposition = 'UNKNOWN' THEN 'unknown_disposition'
            WHEN p.lane = 'UNKNOWN' THEN 'unknown_lane'
            WHEN p.disputed THEN 'verdicts_differ'
            WHEN NOT p.final THEN 'not_final'
            WHEN NOT p.sellable THEN 'not_sellable'
            WHEN p.order_id IS NULL THEN 'unknown_order'
            WHEN p.sku_key IS NULL THEN 'line_not_found'
            WHEN p.sku IS NOT NULL AND NOT list_contains(p.names, upper(trim(p.sku))) THEN 'wrong_item'
            WHEN $trigger = 'putaway' AND p.shelf_sku IS NOT NULL AND NOT list_contains(p.names, upper(trim(p.shelf_sku)))
                THEN 'putaway_sku_differs'
            WHEN p.quantity < 1 THEN 'bad_quantity'
            WHEN $trigger = 'putaway' AND p.quantity > 1 AND s.other_sku IS NOT NULL AND coalesce(s.units_since, 0) < p.quantity
                THEN 'putaway_sku_differs'
            WHEN $trigger = 'putaway' AND coalesce(s.all_units, p.quantity) < p.quantity THEN 'putaway_incomplete'
            WHEN $mode = 'own' AND o.sku IS NULL THEN 'offer_unknown'
            WHEN o.divided AND coalesce(e.code, e_other.code) IS NULL THEN 'warehouse_not_mapped'
        END AS early_cause
    FROM placed p
    LEFT JOIN shelved s USING (n)
    LEFT JOIN stock_listed o ON o.sku_key = p.sku_key
    LEFT JOIN by_sku a ON a.order_id = p.order_id AND a.sku_key = p.sku_key
    LEFT JOIN map_stock_places e ON e.place = p.place
    LEFT JOIN map_stock_places e_other ON e_other.place = '*'
),
counted AS (  -- units of the order's SKU that are on sale again, however the piece is judged now, or would be; those that are first
    SELECT n, sum(quantity) OVER (PARTITION BY order_id, sku_key ORDER BY live DESC, triggered_at, piece_id) > sold_units AS beyond
    FROM judged WHERE early_cause IS NULL OR live
)
SELECT j.*,
    CASE
        WHEN j.held AND j.held_by <> $marketplace THEN 'held_in_other_marketplace'
        WHEN j.live AND (j.early_cause IS NOT NULL OR coalesce(c.beyond, FALSE) OR j.held_sku <> j.sku_key OR j.held_quantity <> j.quantity)
            THEN 'restocked_then_changed'
        WHEN j.early_cause IS NOT NULL THEN j.early_cause
        WHEN c.beyond THEN 'over_quantity'
    END AS why
FROM judged j LEFT JOIN counted c USING (n);
