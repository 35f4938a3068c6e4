-- totals: the partition in one row (none when it is empty), beside the marketplace's limits. Money in 1/10000.
WITH
mapped AS (
    SELECT * FROM mapped_dispositions WHERE marketplace = $marketplace AND day = $day
),
top_ups AS (
    SELECT coalesce(sum(t.shipping_amount), 0) AS amount
    FROM (
        SELECT unnest(from_json(shipping_top_ups, '[{"shipping_amount": "DECIMAL(18,4)"}]')) AS t FROM mapped WHERE shipping_top_ups IS NOT NULL
    )
),
money AS (
    SELECT (SELECT amount FROM top_ups) + coalesce(sum(coalesce(amount, 0) + coalesce(shipping_amount, 0)), 0) AS amount
    FROM mapped
    WHERE outcome = 'refund'
)
SELECT
    count(*) AS pieces, count(*) FILTER (outcome = 'exception') AS exceptions,
    -- small partitions are not judged by share: one bad piece of three is no flood
    CASE WHEN count(*) < $min_pieces THEN count(*) ELSE floor(count(*) * $max_share::DECIMAL(9, 6)) END::BIGINT AS exceptions_allowed,
    (any_value(money.amount) * 10000)::BIGINT AS refund_total_e4,
    ($max_total::DECIMAL(18, 4) * 10000)::BIGINT AS refund_limit_e4,
    any_value(money.amount)::VARCHAR AS refund_total,
    $max_total::DECIMAL(18, 4)::VARCHAR AS refund_limit
FROM mapped, money
HAVING count(*) > 0
