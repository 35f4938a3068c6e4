-- named_orders: every order that the day's returns name, and whether Mirakl has it (by order id or by commercial id).
WITH
named AS (
    SELECT order_id, count(DISTINCT return_id) AS returns
    FROM rebound_returns
    WHERE marketplace = $marketplace AND day = $day AND order_id IS NOT NULL
    GROUP BY order_id
),
known AS (
    SELECT order_id AS id FROM mirakl_orders WHERE marketplace = $marketplace AND day = $day
    UNION
    SELECT commercial_id FROM mirakl_orders WHERE marketplace = $marketplace AND day = $day
)
SELECT n.order_id, n.returns, CASE WHEN k.id IS NULL THEN 'not in Mirakl' ELSE 'found' END AS found
FROM named n
LEFT JOIN known k ON k.id = n.order_id
ORDER BY n.order_id
