-- The orders that would be told: the name they are told under, their country as read from Mirakl, and any field that is none of an order's.
WITH
ready AS (
    SELECT order_id, document FROM rebound_orders WHERE marketplace = $marketplace AND day = $day AND outcome = 'ready'
),
fields AS (
    SELECT order_id, unnest(json_keys(document)) AS field FROM ready
    UNION ALL
    SELECT order_id, 'item ' || unnest(json_keys(item)) FROM (SELECT order_id, unnest(from_json(document->'salesItems', '["JSON"]')) AS item FROM ready)
    UNION ALL
    SELECT order_id, 'metadata ' || json_extract_string(entry, '$.key')
    FROM (SELECT order_id, unnest(from_json(document->'clientMetadata', '["JSON"]')) AS entry FROM ready)
),
foreign_fields AS (
    SELECT order_id, min(field) AS field FROM fields
    WHERE field NOT IN (
        'clientOrderId', 'clientOrderCreatedDate', 'businessUnit', 'salesItems', 'clientMetadata',
        'item clientItemId', 'item sku', 'item ean', 'item articleDescription', 'item quantity', 'item commercialValue',
        'item commercialValueCurrency',
        'metadata mirakl_order_id', 'metadata mirakl_commercial_id', 'metadata mirakl_shop_id', 'metadata channel')
    GROUP BY order_id
)
SELECT
    r.order_id, coalesce(json_extract_string(r.document, '$.clientOrderId'), '(none)') AS named,
    coalesce(o.ship_to_country, '(none)') AS country, coalesce(f.field, '') AS foreign_field
FROM ready r
LEFT JOIN mirakl_orders o ON o.marketplace = $marketplace AND o.day = $day AND o.order_id = r.order_id
LEFT JOIN foreign_fields f ON f.order_id = r.order_id
