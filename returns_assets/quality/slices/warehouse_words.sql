-- warehouse_words: every row of the day with the words in it that no map has, and with what keeps it from having a place.
SELECT
    document_id, line_number, event, coalesce(order_id, '') AS order_id, coalesce(return_id, '') AS return_id,
    coalesce(array_to_string(regexp_extract_all(problem, 'unknown_[^;]*'), '; '), '') AS unknown_words,
    coalesce(array_to_string(regexp_extract_all(problem, '(unroutable|order_differs|piece_not_announced|piece_unclear)[^;]*'), '; '), '')
        AS without_place
FROM warehouse_events
WHERE day = $day
ORDER BY document_id, line_number
