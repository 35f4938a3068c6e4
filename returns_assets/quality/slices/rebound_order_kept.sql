-- Every order of the partition of mirakl_orders, and whether rebound_orders has it.
SELECT o.order_id, CASE WHEN r.order_id IS NULL THEN 'lost' ELSE 'found' END AS found
FROM mirakl_orders o
LEFT JOIN rebound_orders r ON r.marketplace = o.marketplace AND r.day = o.day AND r.order_id = o.order_id
WHERE o.marketplace = $marketplace AND o.day = $day
