-- stock_all: every row of stock_actions of the partition.
SELECT
    piece_id, coalesce(outcome, '(none)') AS outcome,
    CASE
        WHEN outcome = 'restock' AND (rule IS NULL OR sku IS NULL OR cause IS NOT NULL) THEN 'rule or sku, or a cause too many'
        WHEN outcome = 'not_sellable' AND coalesce(detail, '') = '' THEN 'detail'
        WHEN outcome = 'hold' AND coalesce(waits_for, '') = '' THEN 'waits_for'
        WHEN outcome = 'exception' AND (coalesce(cause, '') = '' OR coalesce(exception_class, '') = '' OR coalesce(todo, '') = '')
            THEN 'class, cause or todo'
        ELSE ''
    END AS not_said
FROM stock_actions
WHERE marketplace = $marketplace AND day = $day
