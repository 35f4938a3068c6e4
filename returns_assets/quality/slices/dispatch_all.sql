-- dispatch_all: every notice of the partition, with its verdict.
SELECT
    notice_id, order_id, coalesce(outcome, '(none)') AS outcome, coalesce(carrier, '') AS carrier,
    CASE
        WHEN (outcome IN ('hold', 'exception')) = (cause IS NOT NULL) AND (outcome = 'exception') = (exception_class IS NOT NULL) THEN 'yes'
        ELSE 'no'
    END AS explained,
    CASE WHEN cause IN ('carrier_not_mapped', 'carrier_not_live', 'free_carrier_not_allowed') THEN cause ELSE '' END AS carrier_cause
FROM dispatch_notices
WHERE marketplace = $marketplace AND day = $day
ORDER BY notice_id
