-- request_sources: the returns that were opened in Mirakl or first registered at ReBound on the day, and whether the partition has them.
WITH
sources AS (
    SELECT DISTINCT 'mirakl:' || mirakl_return_id AS request_id
    FROM marketplace_returns
    WHERE marketplace = $marketplace AND created_at >= $day AND created_at < $day + INTERVAL 1 DAY
    UNION
    SELECT 'rebound:' || return_id
    FROM rebound_returns
    WHERE marketplace = $marketplace AND event = 'RETURN_REGISTERED' AND return_id IS NOT NULL
    GROUP BY return_id
    HAVING min(day) = $day
)
SELECT s.request_id, CASE WHEN r.request_id IS NULL THEN 'lost' ELSE 'kept' END AS kept
FROM sources s
LEFT JOIN return_requests r ON r.marketplace = $marketplace AND r.day = $day AND r.request_id = s.request_id
ORDER BY s.request_id
