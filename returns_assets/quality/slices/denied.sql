-- denied: the unpaid pieces that would not be refunded now, beside what Mirakl and the events say of their line. Money in 1/10000.
WITH
mapped AS (
    SELECT *
    FROM mapped_dispositions
    WHERE marketplace = $marketplace AND day = $day AND outcome IS DISTINCT FROM 'refund' AND NOT coalesce(paid, FALSE)
),
lines AS (
    SELECT DISTINCT ON (order_line_id)
        order_line_id, order_id, line_state, quantity, price, price_unit, cancelled_amount, taxes, shipping_taxes, tax_mode,
        offer_sku, product_sku, product_shop_sku
    FROM mirakl_order_lines
    WHERE marketplace = $marketplace AND day = $day
    ORDER BY order_line_id, fetched_at DESC NULLS LAST
),
ours AS (
    SELECT DISTINCT refund_id FROM refund_pushes WHERE marketplace = $marketplace AND refund_id IS NOT NULL
),
refunded AS (  -- one of ours that refund_pushes has forgotten counts as another's: that only makes this check milder
    SELECT r.order_line_id, count(*) AS refunds, count(*) FILTER (o.refund_id IS NULL) AS others
    FROM mirakl_refunds r
    LEFT JOIN ours o USING (refund_id)
    WHERE r.marketplace = $marketplace AND r.day = $day
    GROUP BY r.order_line_id
),
asked AS (  -- lines on which a refund was asked for: by the ledger in flight, or by what the datasets last knew of it
    SELECT unnest($open_lines::VARCHAR[]) AS order_line_id
    UNION
    SELECT order_line_id FROM refund_pushes WHERE marketplace = $marketplace
    UNION
    SELECT order_line_id FROM mapped_dispositions WHERE marketplace = $marketplace AND paid
),
unclear AS (
    SELECT DISTINCT piece_id FROM rebound_returns WHERE problem LIKE '%piece_id_unclear%'
),
disputed AS (  -- the warehouse's word and ReBound's are not the same; whether both are final is not worked out a second time
    SELECT piece_id
    FROM rebound_returns
    WHERE piece_id IN (SELECT piece_id FROM mapped WHERE outcome = 'hold') AND event_rank >= 50
    GROUP BY piece_id
    HAVING bool_or(kind = 'warehouse_file') AND (
        count(DISTINCT verification) > 1
        OR count(DISTINCT CASE grade WHEN 'B' THEN 'A' ELSE grade END) FILTER (grade <> 'U') > 1
        OR count(DISTINCT disposition) FILTER (disposition <> 'NONE') > 1
        OR count(DISTINCT upper(trim(coalesce(sku, ean, line_ref)))) > 1
        OR count(DISTINCT upper(trim(line_ref))) > 1
        OR count(DISTINCT quantity) > 1)
),
crowded AS (  -- the orders on which a piece is said to be one too many, by both of their names
    SELECT DISTINCT o.order_id, unnest([o.order_id, o.commercial_id]) AS name
    FROM mirakl_orders o
    WHERE o.marketplace = $marketplace AND o.day = $day AND o.order_id IN (SELECT order_id FROM mapped WHERE cause = 'over_quantity')
),
came_back AS (  -- every piece of these orders, and the lines that its events name ('' = none of the order)
    SELECT c.order_id, r.piece_id, max(r.quantity) AS quantity, list(DISTINCT coalesce(l.order_line_id, '')) AS named
    FROM crowded c
    JOIN rebound_returns r ON r.order_id = c.name AND r.marketplace = $marketplace AND r.piece_id IS NOT NULL
    LEFT JOIN lines l ON l.order_id = c.order_id AND l.order_line_id = r.line_ref
    GROUP BY c.order_id, r.piece_id
),
returned AS (
    SELECT l.order_line_id, sum(b.quantity) AS units
    FROM lines l
    JOIN came_back b ON b.order_id = l.order_id AND (list_contains(b.named, l.order_line_id) OR list_contains(b.named, ''))
    GROUP BY l.order_line_id
)
SELECT
    m.piece_id, coalesce(m.order_id, '') AS order_id, coalesce(m.order_line_id, '') AS order_line_id,
    coalesce(m.outcome, '(none)') AS outcome, coalesce(m.cause, '') AS cause,
    coalesce(m.verification, '') AS verification, coalesce(m.grade, '') AS grade, coalesce(m.disposition, '') AS disposition,
    coalesce(m.reason, '') AS reason,
    CASE
        WHEN l.order_line_id IS NULL THEN 'not read'
        WHEN list_contains($held_elsewhere::VARCHAR[], m.piece_id) THEN 'of a piece that another marketplace''s refund holds'
        WHEN m.piece_id IN (SELECT piece_id FROM disputed) THEN 'of a disputed piece'
        WHEN m.lane IS NULL OR m.lane = 'UNKNOWN' THEN 'unknown lane'
        WHEN upper(trim(m.sku)) <> upper(trim(l.offer_sku))
            AND upper(trim(m.sku)) IS DISTINCT FROM upper(trim(l.product_sku))
            AND upper(trim(m.sku)) IS DISTINCT FROM upper(trim(l.product_shop_sku)) THEN 'another SKU'
        WHEN m.piece_id IN (SELECT piece_id FROM unclear WHERE piece_id IS NOT NULL) THEN 'of a piece whose id is unclear'
        WHEN l.cancelled_amount > 0 AND l.price IS DISTINCT FROM l.price_unit * l.quantity THEN 'partly cancelled'
        WHEN len(list_filter(
            coalesce(from_json(l.taxes, '[{"amount": "VARCHAR"}]'), []) || coalesce(from_json(l.shipping_taxes, '[{"amount": "VARCHAR"}]'), []),
            lambda t: TRY_CAST(t.amount AS DECIMAL(18, 4)) IS NULL)) > 0 THEN 'taxed without an amount'
        WHEN coalesce(m.quantity, 0) < 1 OR coalesce(l.quantity, 0) < 1 OR l.price IS NULL THEN 'unreadable'
        WHEN NOT list_contains($eligible_states::VARCHAR[], coalesce(l.line_state, '')) THEN 'not eligible'
        WHEN l.tax_mode IS DISTINCT FROM $tax_mode THEN 'another tax mode'
        ELSE 'refundable'
    END AS line,
    coalesce((l.price * 10000)::BIGINT, -1) AS price_e4, coalesce(l.quantity, 0)::BIGINT AS sold, coalesce(m.quantity, 0)::BIGINT AS quantity,
    coalesce(f.refunds, 0) AS refunds, coalesce(f.others, 0) AS others, coalesce(u.units, 0)::BIGINT AS returned,
    (a.order_line_id IS NOT NULL)::INTEGER AS asked
FROM mapped m
LEFT JOIN lines l ON l.order_line_id = m.order_line_id AND l.order_id = m.order_id
LEFT JOIN refunded f ON f.order_line_id = m.order_line_id
LEFT JOIN returned u ON u.order_line_id = m.order_line_id
LEFT JOIN asked a ON a.order_line_id = m.order_line_id
ORDER BY m.piece_id
