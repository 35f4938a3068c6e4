-- events: the day's canonical events, with what in them was not understood.
SELECT
    event_key, document_id, coalesce(return_id, '') AS return_id, coalesce(piece_id, '') AS piece_id,
    coalesce(marketplace, '(unroutable)') AS marketplace, coalesce(problem, '') AS problem
FROM rebound_returns
WHERE day = $day
ORDER BY document_id, event_key
