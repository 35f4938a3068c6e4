-- dispatch_ready: the notices that would be told now, beside the order and the operator's lists as Mirakl told them.
WITH
orders AS (
    SELECT order_id, any_value(order_state) AS order_state, any_value(shipping_type) AS shipping_type
    FROM dispatch_orders
    WHERE marketplace = $marketplace AND day = $day
    GROUP BY order_id
),
carriers AS (
    SELECT code, json_extract_string(attributes, '$.tracking_url') AS template
    FROM mirakl_reference
    WHERE marketplace = $marketplace AND day = $day AND list = 'carrier'
),
tracked AS (
    SELECT code FROM mirakl_reference
    WHERE marketplace = $marketplace AND day = $day AND list = 'shipping_type' AND json_extract_string(attributes, '$.mandatory_tracking') = 'true'
),
forbidden AS (
    SELECT code FROM mirakl_reference
    WHERE
        marketplace = $marketplace AND day = $day AND list = 'platform' AND value = 'true'
        AND code = 'features.disable_seller_alternative_carrier'
)
SELECT
    n.notice_id, n.order_id, n.carrier, coalesce(n.carrier_code, n.carrier_name, '(none)') AS code,
    lower(trim(n.carrier)) || ' > ' || coalesce(n.carrier_code, n.carrier_name, '') AS translated,
    CASE
        WHEN n.carrier_name IS NULL AND c.code IS NOT NULL THEN 'live'
        WHEN n.carrier_code IS NULL AND n.carrier_name IS NOT NULL AND n.carrier_url IS NOT NULL AND NOT EXISTS (FROM forbidden) THEN 'free'
        ELSE 'wrong'
    END AS named,
    coalesce(o.order_state, '(order not read)') AS state, coalesce(o.shipping_type, '') AS shipping_type,
    CASE
        WHEN coalesce(n.tracking_number, '') <> '' THEN 'given'
        WHEN t.code IS NOT NULL OR contains(coalesce(c.template, ''), '{trackingId}') THEN 'missing'
        ELSE 'not asked for'
    END AS number,
    coalesce((
        SELECT max(d.day)::VARCHAR FROM dispatch_notices d WHERE d.marketplace = n.marketplace AND d.notice_id = n.notice_id AND d.day > n.day
    ), '') AS later_day
FROM dispatch_notices n
LEFT JOIN orders o ON o.order_id = n.order_id
LEFT JOIN carriers c ON c.code = n.carrier_code
LEFT JOIN tracked t ON t.code = o.shipping_type
WHERE n.marketplace = $marketplace AND n.day = $day AND n.outcome = 'ready'
ORDER BY n.notice_id
