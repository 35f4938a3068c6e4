-- pieces on hold by what they wait for
SELECT marketplace, coalesce(cause, rule) AS cause, count(*) AS pieces, any_value(waits_for) AS waits_for
FROM current_dispositions
WHERE day BETWEEN ? AND ? AND outcome = 'hold'
GROUP BY marketplace, coalesce(cause, rule)
ORDER BY pieces DESC, marketplace, cause;
