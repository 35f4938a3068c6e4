-- Returns that were opened in Mirakl on the day, each as it was last read, in whatever partition: a return belongs to the day of its opening.
SELECT mirakl_return_id, order_id, commercial_id, state, rma, method_code, tracking_number, created_at, lines
FROM marketplace_returns
WHERE marketplace = $marketplace AND created_at >= $day AND created_at < $day + INTERVAL 1 DAY
QUALIFY row_number() OVER (PARTITION BY mirakl_return_id ORDER BY fetched_at DESC, day DESC) = 1
ORDER BY created_at, mirakl_return_id
