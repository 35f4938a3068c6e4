-- The order ids that other days' events name for returns whose own documents do not name one.
SELECT DISTINCT r.return_id, r.order_id
FROM rebound_returns r
WHERE r.day <> $day AND r.order_id IS NOT NULL AND r.return_id IN (SELECT return_id FROM nameless_returns)
ORDER BY r.return_id, r.order_id
