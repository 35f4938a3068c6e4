-- Which SKUs come back most often, for which reason?
WITH
returned AS (
    SELECT marketplace, sku, sum(quantity) AS units, mode(reason) AS most_frequent_reason
    FROM current_dispositions
    GROUP BY marketplace, sku
),
sold AS (  -- an order may be read on several days: its newest reading counts
    SELECT marketplace, offer_sku AS sku, sum(quantity) AS units
    FROM (SELECT * FROM mirakl_order_lines QUALIFY row_number() OVER (PARTITION BY marketplace, order_line_id ORDER BY fetched_at DESC) = 1)
    GROUP BY marketplace, offer_sku
)
SELECT r.marketplace, r.sku, r.units AS returned, s.units AS sold, round(r.units / s.units, 3) AS return_rate, r.most_frequent_reason
FROM returned r
JOIN sold s USING (marketplace, sku)
WHERE s.units >= 5
ORDER BY return_rate DESC, r.sku
LIMIT 20;
