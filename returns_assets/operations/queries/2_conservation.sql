-- Does every decided piece end in exactly one outcome, and which?
SELECT
    marketplace,
    day,
    count(*) AS pieces,
    count(*) FILTER (outcome = 'refund') AS refund,
    count(*) FILTER (outcome = 'no_refund') AS no_refund,
    count(*) FILTER (outcome = 'hold') AS hold,
    count(*) FILTER (outcome = 'exception') AS exception
FROM current_dispositions
GROUP BY marketplace, day
ORDER BY marketplace, day;
