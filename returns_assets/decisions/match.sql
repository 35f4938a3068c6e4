-- matched: each folded piece's order line, by ids only (line id, then SKU, then EAN where exactly one line fits); refuse rather than guess.
CREATE OR REPLACE TEMP TABLE matched AS
WITH
lines AS (
    SELECT l.order_id, l.order_line_id, l.line_index, l.line_quantity AS quantity, l.line_state, l.price_unit, l.offer_sku, l.product_sku, l.product_shop_sku,
        upper(trim(l.offer_sku)) AS sku_key
    FROM partition_lines l
),
commercial AS (  -- a commercial id stands for an order only where it names exactly one
    SELECT commercial_id, min(order_id) AS order_id FROM partition_orders GROUP BY commercial_id HAVING count(*) = 1
),
placed AS (
    SELECT f.n, f.piece_id, f.definitive_at, f.quantity, f.line_ref, upper(trim(f.sku)) AS sku_key, trim(f.ean) AS ean,
        coalesce(o.order_id, c.order_id) AS order_id
    FROM folded f
    LEFT JOIN partition_orders o ON o.order_id = f.order_ref
    LEFT JOIN commercial c ON c.commercial_id = f.order_ref
),
held AS (  -- the line that money already moved on is the line, whatever a later document says
    SELECT p.n, o.order_line_id
    FROM placed p JOIN our_pieces o ON o.piece_id = p.piece_id
),
by_line AS (
    SELECT p.n, p.quantity, l.order_line_id
    FROM placed p
    JOIN lines l ON l.order_id = p.order_id AND l.order_line_id = p.line_ref
),
no_line AS (
    SELECT * FROM placed ANTI JOIN by_line USING (n) WHERE order_id IS NOT NULL
),
by_sku AS (
    SELECT p.n, l.order_id, l.sku_key AS tie_key, count(*) AS fits, min(l.order_line_id) AS order_line_id,
        count(DISTINCT l.price_unit) AS prices
    FROM no_line p
    JOIN lines l ON l.order_id = p.order_id AND l.sku_key = p.sku_key
    GROUP BY p.n, l.order_id, l.sku_key
),
by_ean AS (
    SELECT p.n, l.order_id, count(*) AS fits, min(l.order_line_id) AS order_line_id
    FROM (SELECT * FROM no_line ANTI JOIN by_sku USING (n)) p
    JOIN lines l ON l.order_id = p.order_id AND p.ean IN (l.product_sku, l.product_shop_sku, l.offer_sku)
    GROUP BY p.n, l.order_id
),
tied AS (  -- lines of one order with the same SKU and the same unit price are worth the same
    SELECT l.order_id, l.sku_key AS tie_key, l.order_line_id, l.line_index, l.quantity
    FROM lines l
    SEMI JOIN (SELECT order_id, tie_key FROM by_sku WHERE fits > 1 AND prices = 1) s ON s.order_id = l.order_id AND s.tie_key = l.sku_key
    WHERE l.line_state NOT IN ('REFUSED', 'CANCELED')
),
taken AS (  -- units of tied lines that are spoken for by pieces that name their line
    SELECT order_line_id, sum(quantity) AS units
    FROM (
        SELECT order_line_id, quantity FROM our_pieces
        UNION ALL
        SELECT order_line_id, quantity FROM by_line ANTI JOIN held USING (n)
    )
    SEMI JOIN tied USING (order_line_id)
    GROUP BY order_line_id
),
tie_lines AS (  -- oldest first
    SELECT l.order_id, l.tie_key, l.order_line_id,
        sum(greatest(l.quantity - coalesce(t.units, 0), 0)) OVER w - greatest(l.quantity - coalesce(t.units, 0), 0) AS unit_from,
        sum(greatest(l.quantity - coalesce(t.units, 0), 0)) OVER w AS unit_to
    FROM tied l
    LEFT JOIN taken t USING (order_line_id)
    WINDOW w AS (PARTITION BY l.order_id, l.tie_key ORDER BY l.line_index, l.order_line_id)
),
tie_pieces AS (
    SELECT s.n, s.order_id, s.tie_key, sum(p.quantity) OVER w - p.quantity AS unit_from, sum(p.quantity) OVER w AS unit_to
    FROM by_sku s
    JOIN placed p USING (n)
    ANTI JOIN held USING (n)
    WHERE s.fits > 1 AND s.prices = 1
    WINDOW w AS (PARTITION BY s.order_id, s.tie_key ORDER BY p.definitive_at, p.piece_id)
),
by_tie AS (
    SELECT p.n, l.order_line_id
    FROM tie_pieces p
    JOIN tie_lines l ON l.order_id = p.order_id AND l.tie_key = p.tie_key AND p.unit_from >= l.unit_from AND p.unit_to <= l.unit_to
)
SELECT
    p.n, p.order_id, b.order_line_id AS named_line_id,
    CASE
        WHEN h.order_line_id IS NOT NULL THEN h.order_line_id
        WHEN b.order_line_id IS NOT NULL THEN b.order_line_id
        WHEN s.fits = 1 THEN s.order_line_id
        WHEN s.fits > 1 THEN t.order_line_id
        WHEN e.fits = 1 THEN e.order_line_id
    END AS order_line_id,
    CASE
        WHEN h.order_line_id IS NOT NULL THEN 'ledger'
        WHEN b.order_line_id IS NOT NULL THEN 'line_id'
        WHEN s.fits = 1 THEN 'sku'
        WHEN s.fits > 1 AND t.order_line_id IS NOT NULL THEN 'sku_equal_lines'
        WHEN s.fits > 1 OR e.fits > 1 THEN 'ambiguous'
        WHEN e.fits = 1 THEN 'ean'
    END AS matched_by
FROM placed p
LEFT JOIN held h USING (n)
LEFT JOIN by_line b USING (n)
LEFT JOIN by_sku s USING (n)
LEFT JOIN by_tie t USING (n)
LEFT JOIN by_ean e USING (n);
