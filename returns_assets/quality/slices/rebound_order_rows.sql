-- Every row of rebound_orders of the partition.
SELECT
    order_id, coalesce(outcome, '(none)') AS outcome,
    CASE
        WHEN outcome = 'ready' AND cause IS NULL THEN 'yes'
        WHEN outcome <> 'ready' AND coalesce(cause, '') <> '' AND coalesce(todo, '') <> '' AND coalesce(detail, '') <> ''
            AND (outcome = 'exception') = (exception_class IS NOT NULL) THEN 'yes'
        ELSE 'no'
    END AS explained
FROM rebound_orders
WHERE marketplace = $marketplace AND day = $day
