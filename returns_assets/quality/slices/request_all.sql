-- request_all: every request of the partition.
SELECT
    request_id, coalesce(order_id, '') AS order_id, coalesce(outcome, '(none)') AS outcome,
    CASE
        WHEN outcome = 'hold' AND coalesce(waits_for, '') = '' THEN 'waits_for'
        WHEN outcome = 'skip' AND coalesce(cause, '') = '' THEN 'cause'
        WHEN outcome = 'exception' AND (coalesce(cause, '') = '' OR coalesce(exception_class, '') = '' OR coalesce(todo, '') = '')
            THEN 'class, cause or todo'
        WHEN origin = 'portal' AND registration_id IS NULL THEN 'registration_id'
        WHEN origin = 'portal' AND outcome = 'refuse' AND coalesce(detail, '') = '' THEN 'detail'
        WHEN origin = 'portal' AND outcome IN ('authorise', 'refuse') THEN ''
        WHEN outcome = 'refuse' AND coalesce(rejection_code, '') = '' THEN 'rejection_code'
        WHEN outcome IN ('authorise', 'refuse') AND mirakl_return_id IS NULL THEN 'mirakl_return_id'
        WHEN outcome = 'create' AND (return_id IS NULL OR commercial_id IS NULL OR rma IS NULL) THEN 'return_id, commercial_id or rma'
        WHEN outcome <> 'exception' AND exception_class IS NOT NULL THEN 'outcome'
        ELSE ''
    END AS not_said
FROM return_requests
WHERE marketplace = $marketplace AND day = $day
ORDER BY request_id
