-- The shipping that the partition refunds alone on lines paid before (shipping_top_ups), in the columns of refund_intents.sql.
-- Not asked for: what an effect in flight or confirmed stands for already (paid), or what rests on a piece that another partition decides.
WITH listed AS (
  SELECT order_id, currency, tax_mode, unnest(from_json(shipping_top_ups, '[{
    "order_line_id": "VARCHAR", "shipping_amount": "DECIMAL(18,4)", "shipping_taxes": [{"code": "VARCHAR", "amount": "DECIMAL(18,4)"}],
    "reason_code": "VARCHAR", "paid": "BOOLEAN", "foreign_refund_ids": ["VARCHAR"], "pieces": ["VARCHAR"]}]')) AS t
  FROM mapped_dispositions
  WHERE marketplace = $marketplace AND day = $day AND shipping_top_ups IS NOT NULL
)
SELECT
  order_id, t.order_line_id, t.reason_code, currency, tax_mode, 0::DECIMAL(18,4) AS amount, t.shipping_amount, 0 AS quantity, [] AS pieces,
  [] AS taxes, [(x.code, x.amount) for x in t.shipping_taxes] AS shipping_taxes, t.foreign_refund_ids AS foreign_ids
FROM listed
WHERE NOT t.paid AND NOT list_has_any(t.pieces, (SELECT coalesce(list(piece_id), []) FROM moved_pieces))
ORDER BY t.order_line_id
