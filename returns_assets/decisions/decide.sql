-- decided: each folded piece with the policy's word, the operator's code, its line's readiness and money, and the units it stands for.
CREATE OR REPLACE TEMP TABLE decided AS
WITH RECURSIVE
combos AS (
    SELECT DISTINCT verification, grade, disposition, reason FROM folded
),
policy AS (  -- the first row of the policy table that fits decides
    SELECT c.verification, c.grade, c.disposition, c.reason, arg_min(m, m.seq) AS row
    FROM combos c
    JOIN map_policy m
        ON (m.verification = ['*'] OR list_contains(m.verification, c.verification))
        AND (m.grade = ['*'] OR list_contains(m.grade, c.grade))
        AND (m.disposition = ['*'] OR list_contains(m.disposition, c.disposition))
        AND (m.reason = ['*'] OR list_contains(m.reason, c.reason))
    GROUP BY c.verification, c.grade, c.disposition, c.reason
),
base AS (
    SELECT
        f.n, f.piece_id, f.day, f.definitive_at, f.quantity, f.verification, f.grade, f.disposition, f.lane, f.reason, f.unclear,
        f.legacy,
        m.order_id, m.order_line_id, m.matched_by, m.named_line_id,
        -- no row of the policy table speaks where ReBound and the warehouse contradict each other
        CASE WHEN NOT f.disputed THEN p.row.seq END AS policy_seq,
        CASE WHEN f.disputed THEN 'verdicts_differ' ELSE p.row.rule END AS rule,
        CASE WHEN f.disputed THEN 'hold' ELSE p.row.outcome END AS policy_outcome, p.row.share AS share,
        p.row.shipping AS policy_shipping, d.definitive AS disposition_final,
        c.refund_reason_code, lr.code IS NOT NULL AS reason_live, lr.shop_right AS reason_shop_right,
        l.line_n, l.line_state, l.line_quantity, l.currency, l.tax_mode, l.price_minor, l.shipping_minor, l.unreadable, s.readiness,
        o.piece_id IS NOT NULL AS paid, o.unit_from AS paid_from, o.effect_key AS paid_effect, o.quantity AS paid_quantity, o.shipping_amount AS paid_shipping,
        upper(trim(f.sku)) <> upper(trim(l.offer_sku))
            AND upper(trim(f.sku)) IS DISTINCT FROM upper(trim(l.product_sku))
            AND upper(trim(f.sku)) IS DISTINCT FROM upper(trim(l.product_shop_sku)) AS other_sku,
        coalesce(r.refunded_minor, 0) AS refunded_minor, coalesce(r.shipping_refunded_minor, 0) AS shipping_refunded_minor,
        coalesce(r.foreign_units, 0) AS foreign_units, coalesce(r.foreign_refund_ids, '[]') AS foreign_refund_ids, h.cause AS held_cause
    FROM folded f
    JOIN matched m USING (n)
    LEFT JOIN policy p
        ON p.verification = f.verification AND p.grade = f.grade AND p.disposition = f.disposition AND p.reason = f.reason
    LEFT JOIN map_dispositions d ON d.disposition = f.disposition
    LEFT JOIN map_reasons c ON c.canonical_reason = f.reason
    LEFT JOIN partition_reasons lr ON lr.code = c.refund_reason_code
    LEFT JOIN partition_lines l ON l.order_line_id = m.order_line_id AND l.order_id = m.order_id
    LEFT JOIN map_states s ON s.line_state = l.line_state
    LEFT JOIN our_pieces o ON o.piece_id = f.piece_id
    LEFT JOIN held_elsewhere h ON h.piece_id = f.piece_id
    LEFT JOIN line_refunds r ON r.order_line_id = m.order_line_id
),
both_ways AS (  -- lines of which the legacy API and the current platform told pieces: without common ids, one unit may be two pieces
    SELECT line_n
    FROM base
    WHERE line_n IS NOT NULL
    GROUP BY line_n
    HAVING bool_or(legacy) AND NOT bool_and(legacy)
),
first_word AS (  -- everything that is known before units and money are shared out
    SELECT * EXCLUDE (unclear, legacy, verification, grade, disposition, lane, reason, matched_by, other_sku, unreadable, named_line_id, held_cause),
        CASE
            WHEN held_cause = 'refunded_in_other_marketplace' THEN held_cause
            WHEN unclear OR (NOT paid AND line_n IN (FROM both_ways)) THEN 'piece_id_unclear'
            WHEN verification = 'UNKNOWN' THEN 'unknown_verification'
            WHEN grade = 'UNKNOWN' THEN 'unknown_grade'
            WHEN disposition = 'UNKNOWN' THEN 'unknown_disposition'
            WHEN lane = 'UNKNOWN' THEN 'unknown_lane'
            WHEN reason = 'UNKNOWN' THEN 'unknown_reason'
            WHEN order_id IS NULL THEN 'unknown_order'
            WHEN rule IS NULL THEN 'no_policy_row'
            WHEN paid AND (paid_quantity <> quantity OR line_quantity IS NULL OR named_line_id <> order_line_id) THEN 'refunded_then_changed'
            WHEN policy_outcome <> 'refund' THEN NULL
            WHEN NOT coalesce(disposition_final, FALSE) THEN NULL
            WHEN matched_by = 'ambiguous' THEN 'ambiguous_line'
            WHEN order_line_id IS NULL THEN 'line_not_found'
            WHEN coalesce(other_sku, FALSE) THEN 'wrong_item'
            WHEN quantity < 1 THEN 'bad_quantity'
            WHEN coalesce(unreadable OR line_quantity < 1, TRUE) THEN 'amount_unreadable'
            ELSE held_cause
        END AS early_cause
    FROM base
),
paid_units AS (
    SELECT order_line_id, sum(quantity) AS units FROM our_pieces GROUP BY order_line_id
),
others AS (  -- lines where something else than the candidates may stand behind a refund that is not ours
    SELECT line_n,
        coalesce(sum(quantity) FILTER (NOT paid AND policy_outcome IN ('hold', 'exception')), 0) AS waiting_units,
        coalesce(sum(quantity) FILTER (NOT paid), 0) AS unpaid_units
    FROM first_word
    WHERE line_n IS NOT NULL AND foreign_units > 0
    GROUP BY line_n
),
open_lines AS (  -- lines of effects whose outcome nobody knows yet: a new refund there may be ours
    SELECT DISTINCT order_line_id FROM our_pieces WHERE in_flight
),
queued AS (  -- unpaid candidates of a line, first come first served
    SELECT f.n, f.line_n, f.quantity, f.line_quantity - coalesce(u.units, 0) AS free_units,
        row_number() OVER w AS place,
        sum(f.quantity) OVER w AS queue_to
    FROM first_word f
    LEFT JOIN paid_units u ON u.order_line_id = f.order_line_id
    WHERE f.early_cause IS NULL AND f.policy_outcome = 'refund' AND f.disposition_final AND NOT f.paid
    WINDOW w AS (PARTITION BY f.line_n ORDER BY f.definitive_at, f.piece_id)
),
crowded AS (  -- lines where a lot does not fit: it takes no units, so that smaller ones behind it still may
    SELECT * FROM queued
    SEMI JOIN (SELECT line_n FROM queued GROUP BY line_n HAVING max(queue_to) > any_value(free_units) AND max(quantity) > 1) USING (line_n)
),
squeezed AS (
    SELECT line_n, 0::BIGINT AS place, NULL::BIGINT AS n, 0::HUGEINT AS used, TRUE AS fits
    FROM crowded GROUP BY line_n
    UNION ALL
    SELECT c.line_n, c.place, c.n, s.used + CASE WHEN s.used + c.quantity <= c.free_units THEN c.quantity ELSE 0 END,
        s.used + c.quantity <= c.free_units
    FROM squeezed s
    JOIN crowded c ON c.line_n = s.line_n AND c.place = s.place + 1
),
candidates AS (
    SELECT q.n, q.queue_to - q.quantity AS queue_from, q.queue_to, q.queue_to <= q.free_units AS fits
    FROM queued q
    ANTI JOIN crowded USING (line_n)
    UNION ALL
    SELECT q.n, s.used - CASE WHEN s.fits THEN q.quantity ELSE 0 END, s.used, s.fits
    FROM squeezed s
    JOIN crowded q ON q.line_n = s.line_n AND q.place = s.place
)
SELECT
    f.* EXCLUDE (definitive_at),
    CASE WHEN f.paid THEN f.paid_from ELSE coalesce(u.units, 0) + c.queue_from END AS unit_from,
    CASE
        WHEN f.paid THEN NULL
        WHEN x.order_line_id IS NOT NULL AND f.policy_outcome = 'refund' AND f.early_cause IS NULL THEN 'line_in_flight'
        WHEN f.foreign_units > 0 AND f.foreign_units >= w.unpaid_units AND f.policy_outcome IN ('hold', 'exception')
            AND f.early_cause IS NULL THEN 'refunded_elsewhere'
        WHEN f.early_cause IS NOT NULL OR f.policy_outcome <> 'refund' OR NOT f.disposition_final THEN NULL
        WHEN w.waiting_units > 0 AND f.foreign_units < w.unpaid_units THEN 'foreign_refund_unclear'
        WHEN NOT c.fits THEN 'over_quantity'
        WHEN c.queue_to <= f.foreign_units THEN 'refunded_elsewhere'
        WHEN c.queue_from < f.foreign_units THEN 'partly_refunded_elsewhere'
    END AS unit_cause
FROM first_word f
LEFT JOIN candidates c USING (n)
LEFT JOIN paid_units u ON u.order_line_id = f.order_line_id
LEFT JOIN others w ON w.line_n = f.line_n
LEFT JOIN open_lines x ON x.order_line_id = f.order_line_id;
