-- The partition of stock_actions out of stock_judged.
SELECT
    $marketplace AS marketplace, $day AS day, j.piece_id, j.return_id, j.lane, j.order_ref, j.order_id, j.order_line_id,
    coalesce(j.offer_sku, j.line_sku) AS sku, j.sku AS piece_sku, j.shelf_sku, j.quantity::INTEGER AS quantity,
    CASE WHEN j.divided OR $mode = 'signal' THEN j.code END AS warehouse, j.verification, j.grade, j.disposition, j.rule, j.trigger_event,
    j.triggered_at, $mode AS mode,
    coalesce(c.outcome, 'restock') AS outcome, c.exception_class, CASE WHEN c.exception_class IS NOT NULL THEN j.why END AS cause, c.waits_for, c.todo,
    CASE j.why
        WHEN 'not_sellable' THEN
            CASE WHEN j.rule IS NULL THEN 'no row of restock.csv makes it sellable' ELSE 'rule ' || j.rule || ' says no' END
        WHEN 'restocked_then_changed' THEN concat_ws('; ', 'now ' || coalesce(j.early_cause, 'other SKU, quantity or units'),
            j.verification || ' ' || j.grade || ' ' || j.disposition)
        WHEN 'wrong_item' THEN 'the piece is ' || j.sku || ', the order line ' || j.line_sku
        WHEN 'putaway_sku_differs' THEN 'put away as ' || coalesce(j.other_sku, j.shelf_sku) || ', the piece is ' || coalesce(j.sku, j.line_sku)
        WHEN 'putaway_incomplete' THEN j.shelf_units || ' of ' || j.quantity || ' units were put away'
        WHEN 'over_quantity' THEN 'the order has ' || j.sold_units || ' of ' || j.line_sku
        WHEN 'held_in_other_marketplace' THEN 'in ' || j.held_by
        WHEN 'warehouse_not_mapped' THEN 'the warehouse names ' || coalesce(j.place, 'none')
        WHEN 'offer_unknown' THEN j.line_sku
        WHEN 'unknown_order' THEN j.order_ref
    END AS detail,
    j.live AS restocked, $mapping_version AS mapping_version, $decided_at::TIMESTAMP AS decided_at
FROM stock_judged j
LEFT JOIN map_stock_causes c ON c.cause = j.why
WHERE j.news_day = $day
