-- The partition's pieces to refund -> one row an order line and reason: the sums, the tax sums by code, the pieces.
-- Pieces that an effect in flight or confirmed stands for already (paid), or that another partition decides or holds, are not asked for.
WITH ready AS (
  SELECT * FROM mapped_dispositions
  WHERE marketplace = $marketplace AND day = $day AND outcome = 'refund' AND NOT coalesce(paid, FALSE)
    AND piece_id NOT IN (SELECT piece_id FROM taken_pieces)
),
tax_rows AS (
  SELECT order_line_id, refund_reason_code, 'taxes' AS kind, unnest(from_json(taxes, '["JSON"]')) AS tax FROM ready
  UNION ALL
  SELECT order_line_id, refund_reason_code, 'shipping_taxes' AS kind, unnest(from_json(shipping_taxes, '["JSON"]')) AS tax FROM ready
),
tax_sums AS (
  SELECT order_line_id, refund_reason_code, kind, json_extract_string(tax, '$.code') AS code,
    sum(json_extract_string(tax, '$.amount')::DECIMAL(18,4)) AS amount
  FROM tax_rows
  GROUP BY ALL
),
tax_lists AS (
  SELECT order_line_id, refund_reason_code,
    list((code, amount) ORDER BY code) FILTER (kind = 'taxes') AS taxes,
    list((code, amount) ORDER BY code) FILTER (kind = 'shipping_taxes') AS shipping_taxes
  FROM tax_sums
  GROUP BY ALL
),
foreign_ids AS (
  SELECT order_line_id, list(DISTINCT refund_id ORDER BY refund_id) AS ids
  FROM (SELECT order_line_id, unnest(from_json(foreign_refund_ids, '["VARCHAR"]')) AS refund_id FROM ready)
  GROUP BY order_line_id
),
intents AS (
  SELECT order_line_id, refund_reason_code, any_value(order_id) AS order_id, any_value(currency) AS currency,
    any_value(tax_mode) AS tax_mode, sum(amount) AS amount, sum(coalesce(shipping_amount, 0)) AS shipping_amount,
    sum(quantity) AS quantity, list((piece_id, quantity, unit_from) ORDER BY unit_from, piece_id) AS pieces
  FROM ready
  GROUP BY order_line_id, refund_reason_code
)
SELECT
  intents.order_id, intents.order_line_id, intents.refund_reason_code, intents.currency, intents.tax_mode,
  intents.amount, intents.shipping_amount, intents.quantity, intents.pieces,
  coalesce(tax_lists.taxes, []) AS taxes, coalesce(tax_lists.shipping_taxes, []) AS shipping_taxes,
  coalesce(foreign_ids.ids, []) AS foreign_ids
FROM intents
LEFT JOIN tax_lists USING (order_line_id, refund_reason_code)
LEFT JOIN foreign_ids USING (order_line_id)
ORDER BY intents.order_line_id, intents.refund_reason_code
