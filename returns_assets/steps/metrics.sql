-- One partition's row of return_metrics. Money of refunds is what Mirakl confirmed for the partition's effects, so that the partitions
-- add up to the ledger, even where a later event moved the piece to another day; pieces are counted where they were decided last.
WITH
events AS (
    SELECT count(*) AS events, count(DISTINCT document_id) AS documents
    FROM rebound_returns
    WHERE marketplace = $marketplace AND day = $day
),
pushes AS (
    SELECT * FROM refund_pushes WHERE marketplace = $marketplace AND day = $day
),
refunds AS (
    SELECT
        count(*) FILTER (state = 'confirmed') AS refunds,
        coalesce(sum(amount) FILTER (state = 'confirmed'), 0) AS refunded_amount,
        coalesce(sum(shipping_amount) FILTER (state = 'confirmed'), 0) AS refunded_shipping,
        count(*) FILTER (state IN ('rejected', 'held', 'unknown', 'retry_at')) AS failed_pushes
    FROM pushes
),
pushed_pieces AS (  -- a piece once, also where a withdrawn effect was followed by another
    SELECT DISTINCT ON (piece_id) json_extract_string(p.piece, '$.piece_id') AS piece_id, u.state, u.confirmed_at
    FROM pushes u, unnest(from_json(u.pieces, '["JSON"]')) AS p (piece)
    ORDER BY piece_id, (u.state = 'confirmed') DESC, (u.state = 'withdrawn'), u.confirmed_at, u.effect_key
),
facts AS (  -- each pushed piece as the partition that has it latest knows it, be it another marketplace's
    SELECT DISTINCT ON (piece_id) piece_id, definitive_at
    FROM mapped_dispositions
    WHERE piece_id IN (SELECT piece_id FROM pushed_pieces)
    ORDER BY piece_id, day DESC, document_id DESC, decided_at DESC, marketplace DESC
),
latency AS (
    SELECT
        quantile_cont(epoch(confirmed_at - definitive_at) / 3600, 0.5) AS latency_median_hours,
        quantile_cont(epoch(confirmed_at - definitive_at) / 3600, 0.95) AS latency_p95_hours
    FROM pushed_pieces
    JOIN facts USING (piece_id)
    WHERE state = 'confirmed'
),
mapped AS (
    SELECT m.*, p.state
    FROM current_dispositions m
    LEFT JOIN pushed_pieces p USING (piece_id)
    WHERE m.marketplace = $marketplace AND m.day = $day
),
pieces AS (
    SELECT
        count(*) AS pieces, coalesce(sum(quantity), 0)::BIGINT AS units,
        -- decided and not confirmed: not yet sent, sent without an answer, or refused; paid by another partition's effect is confirmed there
        coalesce(sum(amount) FILTER (outcome = 'refund' AND state IS DISTINCT FROM 'confirmed' AND NOT (coalesce(paid, FALSE) AND state IS NULL)), 0)
            AS planned_amount,
        count(*) FILTER (outcome = 'no_refund') AS no_refunds, count(*) FILTER (outcome = 'hold') AS holds,
        count(*) FILTER (outcome = 'exception') AS exceptions,
        count(*) FILTER (outcome = 'exception' AND exception_class = 'technical') AS technical,
        count(*) FILTER (outcome = 'exception' AND exception_class = 'mapping') AS mapping,
        count(*) FILTER (outcome = 'exception' AND exception_class = 'logical') AS logical,
        count(*) FILTER (outcome = 'exception' AND exception_class = 'policy') AS policy
    FROM mapped
)
SELECT
    $marketplace AS marketplace, $day::DATE AS day, $currency AS currency, e.documents, e.events, p.pieces, p.units, r.refunds,
    (SELECT count(*) FROM pushed_pieces WHERE state = 'confirmed') AS refunded_pieces,
    r.refunded_amount, r.refunded_shipping, p.planned_amount, p.no_refunds, p.holds, p.exceptions, p.technical, p.mapping, p.logical,
    p.policy, r.failed_pushes, t.latency_median_hours, t.latency_p95_hours, $computed_at::TIMESTAMP AS computed_at
FROM events e, refunds r, pieces p, latency t
