-- Every row of return_status_actions of the partition.
SELECT
    return_id, coalesce(mirakl_return_id, '') AS mirakl_return_id, step, outcome, return_id || '/' || step AS step_key,
    CASE
        WHEN outcome = 'wait' AND coalesce(waits_for, '') = '' THEN 'waits_for'
        WHEN outcome = 'gap' AND coalesce(cause, '') = '' THEN 'cause'
        WHEN outcome = 'exception' AND (coalesce(cause, '') = '' OR coalesce(exception_class, '') = '' OR coalesce(todo, '') = '')
            THEN 'class, cause or todo'
        WHEN outcome IN ('send', 'done') AND mirakl_return_id IS NULL THEN 'mirakl_return_id'
        ELSE ''
    END AS not_said
FROM return_status_actions
WHERE marketplace = $marketplace AND day = $day
