-- Which causes keep pieces from being refunded, and how much of the price is waiting there?
SELECT
    m.exception_class,
    m.cause,
    count(*) AS pieces,
    sum(l.price_unit * m.quantity) AS price,
    m.currency,
    min(m.due_at) AS first_deadline
FROM current_dispositions m
LEFT JOIN mirakl_order_lines l USING (marketplace, day, order_line_id)
WHERE m.outcome IN ('hold', 'exception')
GROUP BY m.exception_class, m.cause, m.currency
ORDER BY pieces DESC, m.cause;
