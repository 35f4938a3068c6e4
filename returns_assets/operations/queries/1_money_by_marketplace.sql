-- How much was refunded in each marketplace in a month, and how fast?
SELECT
    marketplace,
    currency,
    sum(refunds) AS refunds,
    sum(refunded_amount + refunded_shipping) AS refunded,
    max(latency_p95_hours) AS slowest_day_p95_hours
FROM return_metrics
WHERE day BETWEEN DATE '2025-03-01' AND DATE '2025-03-31'
GROUP BY marketplace, currency
ORDER BY marketplace;
