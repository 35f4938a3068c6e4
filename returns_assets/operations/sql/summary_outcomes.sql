-- pieces by marketplace and outcome
SELECT marketplace, outcome, count(*) AS pieces
FROM current_dispositions
WHERE day BETWEEN ? AND ?
GROUP BY marketplace, outcome
ORDER BY marketplace, outcome;
