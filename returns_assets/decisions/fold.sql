-- folded: one row a piece, for every piece that belongs here, has a definitive event, and is of an order that the partition looks at.
-- State is a fold over the SET of events: duplicates (same event_key) count once, disorder and late arrival change nothing,
-- a correction wins by its time.
CREATE OR REPLACE TEMP TABLE folded AS
WITH
events AS (
    SELECT
        b.n, r.marketplace = $marketplace AS here, r.kind, r.event_rank, r.return_id, r.order_id, r.line_ref, r.sku, r.ean,
        r.quantity, r.reason_raw, r.reason, r.verification, r.grade, r.disposition_raw, r.disposition,
        coalesce(r.problem LIKE '%piece_id_unclear%', FALSE) AS unclear,
        event_order(r.event_time, r.event_rank, r.version, r.document_id) AS ord
    FROM rebound_returns r
    JOIN belonging b USING (piece_id)
    WHERE r.marketplace IS NOT NULL AND b.marketplace = $marketplace AND b.day IS NOT NULL
),
state AS (
    -- what an inspection said beats what a registration said, which beats what was announced, whatever arrived last
    SELECT
        n,
        arg_max(return_id, ord) AS return_id,
        arg_max(order_id, ord) FILTER (here) AS order_ref,
        arg_max(line_ref, (event_rank >= 50)::HUGEINT * 100000000000000000000000000000000000 + ord) FILTER (here) AS line_ref,
        arg_max(sku, (event_rank >= 50)::HUGEINT * 100000000000000000000000000000000000 + ord) AS sku,
        arg_max(ean, (event_rank >= 50)::HUGEINT * 100000000000000000000000000000000000 + ord) AS ean,
        arg_max(quantity, (event_rank >= 50)::HUGEINT * 100000000000000000000000000000000000 + ord) AS quantity,
        arg_max(reason_raw, ord) AS reason_raw,
        arg_max(reason, ord) AS reason,
        arg_max(verification, ((event_rank >= 60)::INTEGER + (event_rank >= 50)::INTEGER)::HUGEINT
            * 50000000000000000000000000000000000 + ord) AS verification,
        arg_max(grade, ord) FILTER (grade <> 'U') AS grade,
        arg_max(disposition_raw, ord) FILTER (disposition <> 'NONE') AS disposition_raw,
        arg_max(disposition, ord) FILTER (disposition <> 'NONE') AS disposition,
        bool_or(unclear) AS unclear,
        bool_or(coalesce(kind, '') = 'legacy_return') AS legacy
    FROM events
    GROUP BY n
),
by_warehouse AS (  -- pieces of which the retailer's own warehouse told, too
    SELECT n FROM events WHERE kind = 'warehouse_file' AND event_rank >= 60 GROUP BY n
),
verdicts AS (  -- the last word of each of the two; silence and words that no map has are none
    SELECT
        e.n, e.kind = 'warehouse_file' AS own,
        arg_max(e.verification, e.ord) FILTER (e.verification <> 'UNKNOWN') AS verification,
        arg_max(CASE e.grade WHEN 'B' THEN 'A' ELSE e.grade END, e.ord) FILTER (e.grade NOT IN ('U', 'UNKNOWN')) AS grade_class,
        arg_max(e.disposition, e.ord) FILTER (e.disposition NOT IN ('NONE', 'UNKNOWN')) AS disposition,
        upper(trim(arg_max(e.sku, e.ord))) AS sku, upper(trim(arg_max(e.ean, e.ord))) AS ean, upper(trim(arg_max(e.line_ref, e.ord))) AS line_ref,
        arg_max(e.quantity, e.ord) FILTER (e.quantity >= 1) AS quantity
    FROM (SELECT * REPLACE (coalesce(kind, '') AS kind) FROM events WHERE event_rank >= 50) e
    SEMI JOIN by_warehouse USING (n)
    GROUP BY e.n, own
),
articles AS (  -- the offer that a name or a line of the orders stands for; NULL where it may be one of several
    SELECT name, CASE WHEN min(offer) = max(offer) THEN min(offer) END AS offer
    FROM (
        SELECT upper(trim(offer_sku)) AS offer,
            unnest([upper(trim(s)) FOR s IN [offer_sku, product_sku, product_shop_sku, order_line_id] IF s IS NOT NULL]) AS name
        FROM partition_lines
    )
    GROUP BY name
),
said AS (  -- which article it is, by the first of SKU, EAN and line: what was seen, before what was announced; no order need have the SKU
    SELECT v.*, CASE WHEN s.name IS NOT NULL THEN s.offer WHEN v.sku IS NOT NULL THEN v.sku
        WHEN e.name IS NOT NULL THEN e.offer ELSE l.offer END AS article
    FROM verdicts v
    LEFT JOIN articles s ON s.name = v.sku
    LEFT JOIN articles e ON e.name = v.ean
    LEFT JOIN articles l ON l.name = v.line_ref
),
disputed AS (  -- both have spoken finally, and not the same: neither simply wins
    SELECT r.n
    FROM said r
    JOIN said w ON w.n = r.n AND w.own AND NOT r.own
    WHERE (r.verification <> w.verification OR r.grade_class <> w.grade_class OR r.disposition <> w.disposition
            OR r.article <> w.article OR r.quantity <> w.quantity)
        AND coalesce(r.disposition, 'NONE') IN (SELECT disposition FROM map_dispositions WHERE definitive)
        AND coalesce(w.disposition, 'NONE') IN (SELECT disposition FROM map_dispositions WHERE definitive)
)
SELECT
    n, b.piece_id, s.return_id, b.lane, b.definitive_event, b.definitive_at, b.event_key, b.document_id, b.day,
    s.order_ref, s.line_ref, s.sku, s.ean, coalesce(s.quantity, 1) AS quantity, s.reason_raw,
    coalesce(s.reason, 'NOT_GIVEN') AS reason, coalesce(s.verification, 'MATCH') AS verification,
    coalesce(s.grade, 'U') AS grade, s.disposition_raw, coalesce(s.disposition, 'NONE') AS disposition, s.unclear, s.legacy,
    n IN (SELECT n FROM disputed) AS disputed
FROM state s
JOIN belonging b USING (n)
-- a later definitive event on another day takes the piece with it, so the partition decides only its own pieces, but it
-- needs the others of the same orders to share lines and units
WHERE b.day = $day OR s.order_ref IN (SELECT order_id FROM target_orders);
