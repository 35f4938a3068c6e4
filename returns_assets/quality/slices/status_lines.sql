-- The lines of assessments that would be sent, beside the lines of Mirakl's return: one row a line that is in either.
WITH
sent AS (
    SELECT return_id, mirakl_return_id, step, lines FROM return_status_actions
    WHERE marketplace = $marketplace AND day = $day AND outcome = 'send' AND step = 'compliance'
),
given AS (
    SELECT return_id, mirakl_return_id, step, l.order_line_id AS order_line_id, l.compliant AS compliant,
        coalesce(l.non_compliance_reason_code, '') AS code
    FROM (
        SELECT return_id, mirakl_return_id, step,
            unnest(from_json(lines, '[{"order_line_id": "VARCHAR", "compliant": "BOOLEAN", "non_compliance_reason_code": "VARCHAR"}]')) AS l
        FROM sent
    )
),
given_lines AS (
    SELECT return_id, mirakl_return_id, step, order_line_id, count(*) AS given, min(code) AS code, bool_and(compliant) AS compliant
    FROM given GROUP BY ALL
),
listed AS (
    SELECT s.return_id, s.mirakl_return_id, s.step,
        unnest(from_json(m.lines, '[{"order_line_id": "VARCHAR"}]')).order_line_id AS order_line_id
    FROM sent s JOIN marketplace_returns m ON m.marketplace = $marketplace AND m.day = $day AND m.mirakl_return_id = s.mirakl_return_id
),
in_returns AS (
    SELECT return_id, mirakl_return_id, step, order_line_id, count(*) AS in_return FROM listed GROUP BY ALL
)
SELECT
    return_id, mirakl_return_id, step, order_line_id, coalesce(g.given, 0) AS given, coalesce(r.in_return, 0) AS in_return,
    coalesce(g.code, '') AS code, coalesce(g.code, '') <> '' AS coded, NOT coalesce(g.compliant, TRUE) AS expected
FROM given_lines g FULL JOIN in_returns r USING (return_id, mirakl_return_id, step, order_line_id)
