-- request_created: the lines of returns that would be created in Mirakl, with the reason that is sent.
SELECT request_id, order_id, line.order_line_id AS order_line_id, coalesce(line.reason_code, '(none)') AS code
FROM (
    SELECT request_id, order_id, unnest(from_json(lines, '[{"order_line_id": "VARCHAR", "reason_code": "VARCHAR"}]')) AS line
    FROM return_requests
    WHERE marketplace = $marketplace AND day = $day AND outcome = 'create'
)
ORDER BY request_id, order_line_id
