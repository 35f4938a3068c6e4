-- whole_orders: orders of which every unit is refunded once this partition's refunds are made, so that their outbound shipping goes back.
-- None unless the marketplace gives shipping back that way (shipping_refund: whole_order).
CREATE OR REPLACE TEMP TABLE whole_orders AS
WITH
order_units AS (
    SELECT order_id, sum(line_quantity) AS units
    FROM partition_lines
    WHERE $shipping_refund = 'whole_order'
        AND line_state NOT IN ('REFUSED', 'CANCELED') AND price > 0
    GROUP BY order_id
    HAVING sum(shipping_price) > 0
),
order_foreign AS (
    SELECT order_id, sum(foreign_units) AS units FROM line_refunds GROUP BY order_id
),
order_ours AS (  -- units that other days paid and that nothing said since took back, and units that this partition refunds
    SELECT d.order_id, sum(d.quantity) AS units
    FROM decided d
    LEFT JOIN judged j USING (n)
    WHERE j.outcome = 'refund' OR j.rule = 'rounds_to_nothing'
        OR (d.paid AND d.day <> $day AND d.early_cause IS NULL AND d.policy_outcome = 'refund' AND d.disposition_final)
    GROUP BY d.order_id
)
SELECT u.order_id
FROM order_units u
JOIN order_ours o USING (order_id)
LEFT JOIN order_foreign f USING (order_id)
WHERE o.units + coalesce(f.units, 0) >= u.units;
