-- pieces of one partition by outcome
SELECT outcome, count(*) AS pieces
FROM mapped_dispositions
WHERE marketplace = ? AND day = ?
GROUP BY outcome
ORDER BY outcome;
