-- The units that the latest legacy record of an earlier day named, by return: what was said of each by its highest event.
WITH
told AS (
    SELECT r.*
    FROM rebound_returns r
    WHERE r.kind = 'legacy_return' AND r.day < $day AND r.return_id IN (SELECT return_id FROM legacy_returns)
),
latest AS (
    SELECT return_id, max(document_id) AS document_id
    FROM told
    GROUP BY return_id
)
SELECT
    t.return_id, t.piece_id, bool_or(t.event_rank >= 50) AS seen, arg_max(t.sku, t.event_rank) AS sku, arg_max(t.ean, t.event_rank) AS ean,
    arg_max(t.reason_raw, t.event_rank) AS reason_raw,
    arg_max(struct_pack(v := t.verification), t.event_rank).v AS verification,
    arg_max(t.grade, t.event_rank) AS grade,
    arg_max(struct_pack(v := t.disposition_raw), t.event_rank).v AS disposition_raw
FROM told t
JOIN latest USING (return_id, document_id)
WHERE t.piece_id IS NOT NULL AND coalesce(t.problem NOT LIKE '%unit_withdrawn%', TRUE)
GROUP BY t.return_id, t.piece_id
ORDER BY t.return_id, t.piece_id
