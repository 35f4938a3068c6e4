-- totals: the partition in one row (none when it is empty), beside the marketplace's limits. Money in 1/10000.
SELECT
    count(*) AS pieces, count(*) FILTER (outcome = 'exception') AS exceptions,
    -- small partitions are not judged by share: one bad piece of three is no flood
    CASE WHEN count(*) < $min_pieces THEN count(*) ELSE floor(count(*) * $max_share::DECIMAL(9, 6)) END::BIGINT AS exceptions_allowed,
    coalesce((sum(coalesce(amount, 0) + coalesce(shipping_amount, 0)) FILTER (outcome = 'refund') * 10000)::BIGINT, 0) AS refund_total_e4,
    ($max_total::DECIMAL(18, 4) * 10000)::BIGINT AS refund_limit_e4,
    coalesce(sum(coalesce(amount, 0) + coalesce(shipping_amount, 0)) FILTER (outcome = 'refund'), 0)::VARCHAR AS refund_total,
    $max_total::DECIMAL(18, 4)::VARCHAR AS refund_limit
FROM mapped_dispositions
WHERE marketplace = $marketplace AND day = $day
HAVING count(*) > 0
