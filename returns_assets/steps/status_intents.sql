-- The partition's steps to send; none of a return that has news on a later day, which is that day's to decide.
SELECT a.step, a.order_id, a.mirakl_return_id, a.lines
FROM return_status_actions a
WHERE a.marketplace = $marketplace AND a.day = $day AND a.outcome = 'send'
    AND NOT EXISTS (
        FROM rebound_returns later
        WHERE later.marketplace = a.marketplace AND later.return_id = a.return_id AND later.day > a.day
            AND later.event_key NOT IN (
                SELECT r.event_key FROM rebound_returns r
                WHERE r.marketplace = $marketplace AND r.day <= $day AND r.return_id IS NOT NULL AND r.event_key IS NOT NULL)
    )
ORDER BY a.step, a.mirakl_return_id
