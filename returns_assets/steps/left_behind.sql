-- The other partitions that had decided pieces of this one: what they counted of them counts here now. currency: that of their metrics,
-- NULL where they have none.
SELECT DISTINCT m.marketplace, m.day, r.currency
FROM mapped_dispositions m
LEFT JOIN return_metrics r USING (marketplace, day)
WHERE (m.marketplace, m.day) <> ($marketplace, $day::DATE)
  AND m.piece_id IN (SELECT piece_id FROM current_dispositions WHERE marketplace = $marketplace AND day = $day)
ORDER BY m.day, m.marketplace
