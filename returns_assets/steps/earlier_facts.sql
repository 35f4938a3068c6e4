-- What the warehouse said on earlier days about pieces of the same returns: rows without a piece's id take what is left of them.
SELECT event_key, event, piece_id, verification, nullif(grade, 'U') AS grade, nullif(disposition, 'NONE') AS disposition
FROM rebound_returns
WHERE day < $day AND kind = 'warehouse_file' AND piece_id IS NOT NULL AND return_id IN (SELECT id FROM known_returns)
ORDER BY day, event_time, event_key, piece_id
