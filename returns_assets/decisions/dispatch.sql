-- The day's dispatches of one marketplace -> one notice an order (single shipment) or an order and parcel (multi-shipment), with its outcome.
-- Temp table: carrier_rows, the marketplace's rows of carriers.csv in force when it is decided: what is sent must be right then.
WITH
named AS (
  SELECT DISTINCT trim(order_id) AS order_id FROM warehouse_events
  WHERE day = $day AND marketplace = $marketplace AND event = 'DISPATCHED' AND trim(coalesce(order_id, '')) <> ''
),
facts AS (  -- all that is known of these orders, whichever day it came; a repeated line is one fact, of the first day that brought it
  SELECT DISTINCT ON (event_key)
    event_key, day, document_id, list(document_id) OVER (PARTITION BY event_key) AS documents,
    trim(order_id) AS order_id, nullif(trim(order_line_id), '') AS line_ref, upper(trim(sku)) AS sku, coalesce(quantity, 0) AS quantity,
    nullif(trim(carrier), '') AS carrier, nullif(trim(tracking_number), '') AS tracking_number, event_time
  FROM warehouse_events
  WHERE marketplace = $marketplace AND event = 'DISPATCHED' AND trim(order_id) IN (SELECT order_id FROM named)
  ORDER BY event_key, day, document_id, line_number
),
orders AS (
  SELECT order_id, any_value(order_state) AS order_state, bool_and(multi_shipment) AS multi, bool_and(can_shop_ship) AS can_shop_ship,
    any_value(shipping_type) AS shipping_type, any_value(shipping_deadline) AS shipping_deadline
  FROM dispatch_orders WHERE marketplace = $marketplace AND day = $day
  GROUP BY order_id
),
lines AS (  -- lines that are cancelled or refused are not expected to leave
  SELECT order_id, order_line_id, upper(trim(offer_sku)) AS sku, quantity, line_state NOT IN ('CANCELED', 'REFUSED', 'REFUNDED') AS expected
  FROM dispatch_orders WHERE marketplace = $marketplace AND day = $day AND order_line_id IS NOT NULL
),
by_sku AS (
  SELECT order_id, sku, any_value(order_line_id) AS order_line_id FROM lines GROUP BY order_id, sku HAVING count(*) = 1
),
fitted AS (  -- by line id, else by a SKU that is on one line only: refuse rather than guess
  SELECT f.*, coalesce(l.order_line_id, s.order_line_id) AS order_line_id, coalesce(l.order_line_id, s.order_line_id, f.line_ref, f.sku) AS thing,
    CASE WHEN o.multi THEN f.order_id || '/' || coalesce(f.tracking_number, 'at ' || f.event_time::VARCHAR) ELSE f.order_id END AS notice_id
  FROM facts f
  LEFT JOIN orders o ON o.order_id = f.order_id
  LEFT JOIN lines l ON l.order_id = f.order_id AND l.order_line_id = f.line_ref
  LEFT JOIN by_sku s ON f.line_ref IS NULL AND s.order_id = f.order_id AND s.sku = f.sku
),
corrected AS (  -- the warehouse's corrected row of a later document, which does not repeat the row as it was, takes that row's place
  SELECT f.* FROM fitted f
  WHERE NOT EXISTS (
    SELECT 1 FROM fitted g
    WHERE g.order_id = f.order_id AND g.event_time = f.event_time AND (g.day, g.document_id) > (f.day, f.document_id)
      AND NOT list_contains(f.documents, g.document_id) AND coalesce(g.tracking_number = f.tracking_number, TRUE)
      AND (g.thing = f.thing AND g.quantity = f.quantity OR f.order_line_id IS NULL AND g.order_line_id IS NOT NULL)
  )
),
summed AS (
  SELECT r.*, sum(r.quantity) OVER (PARTITION BY r.order_id, r.order_line_id) > l.quantity AS too_many
  FROM corrected r LEFT JOIN lines l ON l.order_id = r.order_id AND l.order_line_id = r.order_line_id
),
shipped AS (  -- by parcel and line, what Mirakl knows to have left
  SELECT order_id, tracking_number, order_line_id, sum(quantity) AS quantity FROM dispatch_shipments
  WHERE marketplace = $marketplace AND day = $day AND status IN ('SHIPPED', 'TO_COLLECT', 'RECEIVED', 'CLOSED') AND tracking_number <> ''
  GROUP BY order_id, tracking_number, order_line_id
),
parcels AS (
  SELECT order_id, tracking_number, sum(quantity) AS units FROM shipped GROUP BY order_id, tracking_number
),
matched AS (  -- another number or quantity is a correction only where both rows together are more than was sold: else it is another parcel
  SELECT f.* FROM summed f
  LEFT JOIN parcels s ON s.order_id = f.order_id AND s.tracking_number = f.tracking_number
  WHERE s.order_id IS NOT NULL OR NOT EXISTS (  -- what Mirakl was told of is not taken back
    SELECT 1 FROM summed g
    WHERE f.too_many AND g.order_line_id = f.order_line_id AND g.order_id = f.order_id AND g.event_time = f.event_time
      AND (g.day, g.document_id) > (f.day, f.document_id) AND NOT list_contains(f.documents, g.document_id)
  )
),
heads AS (  -- where an order left in several parcels, Mirakl's one tracking is that of the last
  SELECT notice_id, any_value(order_id) AS order_id, max(day) AS day, count(*) AS events, sum(quantity) AS units,
    count(*) FILTER (order_line_id IS NULL) AS unmatched, min(coalesce(line_ref, sku, '(none)')) FILTER (order_line_id IS NULL) AS unmatched_sample,
    min(quantity) AS least, min(event_time) AS first_at, max(event_time) AS dispatched_at,
    arg_max(coalesce(carrier, ''), (event_time, event_key)) AS carrier, arg_max(coalesce(tracking_number, ''), (event_time, event_key)) AS tracking_number
  FROM matched GROUP BY notice_id
),
contents AS (
  SELECT notice_id, order_id, order_line_id, sum(quantity) AS quantity, min(event_time) AS first_at
  FROM matched WHERE order_line_id IS NOT NULL
  GROUP BY notice_id, order_id, order_line_id
),
counted AS (  -- units of the line that left up to and including this notice, parcels that Mirakl knows of first
  SELECT c.*, CASE WHEN l.expected THEN l.quantity ELSE 0 END AS sold,
    sum(c.quantity) OVER (PARTITION BY c.order_id, c.order_line_id ORDER BY p.units IS NULL, c.first_at, c.notice_id) AS so_far
  FROM contents c
  JOIN lines l ON l.order_id = c.order_id AND l.order_line_id = c.order_line_id
  JOIN heads h ON h.notice_id = c.notice_id
  LEFT JOIN parcels p ON p.order_id = c.order_id AND p.tracking_number = h.tracking_number
),
content_lists AS (
  SELECT notice_id, to_json(list({'order_line_id': order_line_id, 'quantity': quantity::INTEGER} ORDER BY order_line_id)) AS lines,
    min(order_line_id || ': ' || so_far || ' of ' || sold) FILTER (so_far > sold) AS beyond
  FROM counted GROUP BY notice_id
),
missing AS (  -- by order, what has not left yet
  SELECT l.order_id, sum(l.quantity - coalesce(c.quantity, 0)) AS units
  FROM lines l LEFT JOIN (SELECT order_line_id, sum(quantity) AS quantity FROM contents GROUP BY order_line_id) c USING (order_line_id)
  WHERE l.expected AND l.quantity > coalesce(c.quantity, 0)
  GROUP BY l.order_id
),
shipments AS (
  SELECT shipment_id, order_id, any_value(status) AS status, coalesce(any_value(tracking_number), '') AS tracking_number,
    to_json(list({'order_line_id': order_line_id, 'quantity': quantity::INTEGER} ORDER BY order_line_id)) AS lines
  FROM dispatch_shipments WHERE marketplace = $marketplace AND day = $day
  GROUP BY shipment_id, order_id
),
uncovered AS (  -- a parcel that grew after it was told: Mirakl has its number, and not all that is in it
  SELECT h.notice_id, min(c.order_line_id || ': ' || coalesce(s.quantity, 0) || ' of ' || c.quantity) AS sample
  FROM heads h JOIN contents c USING (notice_id)
  LEFT JOIN shipped s ON s.order_id = h.order_id AND s.tracking_number = h.tracking_number AND s.order_line_id = c.order_line_id
  WHERE c.quantity > coalesce(s.quantity, 0)
  GROUP BY h.notice_id
),
prepared AS (  -- a shipment that somebody made and that has not left: completed when it is the only one with these lines
  SELECT s.order_id, s.lines, min(s.shipment_id) AS shipment_id, any_value(s.tracking_number) AS tracking_number
  FROM shipments s WHERE s.status = 'SHIPPING' GROUP BY s.order_id, s.lines HAVING count(*) = 1
),
live AS (
  SELECT code, coalesce(json_extract_string(attributes, '$.tracking_url'), '') LIKE '%{trackingId}%' AS needs_number
  FROM mirakl_reference WHERE marketplace = $marketplace AND day = $day AND list = 'carrier'
),
tracked_types AS (
  SELECT code FROM mirakl_reference
  WHERE marketplace = $marketplace AND day = $day AND list = 'shipping_type' AND json_extract_string(attributes, '$.mandatory_tracking') = 'true'
),
gathered AS (
  SELECT h.*, c.lines, c.beyond, o.order_id IS NOT NULL AS known, coalesce(o.multi, FALSE) AS multi, o.order_state, o.can_shop_ship, o.shipping_type, o.shipping_deadline,
    m.units AS missing_units, r.carrier_code, r.carrier_name, r.carrier_url, r.carrier_key IS NOT NULL AS mapped, l.code IS NOT NULL AS is_live,
    coalesce(l.needs_number, FALSE) AS carrier_needs_number, t.code IS NOT NULL AS type_needs_number,
    s.units IS NOT NULL AS told, s.units >= h.units AND u.notice_id IS NULL AS told_whole, u.sample AS uncovered, p.shipment_id
  FROM heads h
  LEFT JOIN content_lists c USING (notice_id)
  LEFT JOIN orders o ON o.order_id = h.order_id
  LEFT JOIN missing m ON m.order_id = h.order_id
  LEFT JOIN carrier_rows r ON r.carrier_key = lower(h.carrier)
  LEFT JOIN live l ON l.code = r.carrier_code
  LEFT JOIN tracked_types t ON t.code = o.shipping_type
  LEFT JOIN parcels s ON o.multi AND s.order_id = h.order_id AND s.tracking_number = h.tracking_number
  LEFT JOIN uncovered u ON u.notice_id = h.notice_id
  LEFT JOIN prepared p ON o.multi AND p.order_id = h.order_id AND p.lines = c.lines AND p.tracking_number IN ('', h.tracking_number)
  WHERE h.day = $day  -- later news moves the notice to its own day
),
judged AS (
  SELECT *,
    CASE
      WHEN told_whole OR order_state IN ('SHIPPED', 'TO_COLLECT', 'RECEIVED', 'CLOSED') THEN 'done'
      WHEN NOT known THEN 'order_unknown'
      WHEN order_state IN ('REFUSED', 'CANCELED') THEN 'order_cancelled'
      WHEN order_state NOT IN ('SHIPPING', 'STAGING', 'WAITING_ACCEPTANCE', 'WAITING_DEBIT', 'WAITING_DEBIT_PAYMENT') THEN 'order_state_unknown'
      WHEN unmatched > 0 THEN 'line_unknown'
      WHEN least <= 0 THEN 'quantity_missing'
      WHEN beyond IS NOT NULL THEN 'quantity_beyond_order'
      WHEN told THEN 'parcel_changed_after_telling'
      WHEN carrier = '' THEN 'carrier_missing'
      WHEN NOT mapped THEN 'carrier_not_mapped'
      WHEN carrier_name IS NOT NULL AND $free_names_off THEN 'free_carrier_not_allowed'
      WHEN carrier_code IS NOT NULL AND NOT is_live THEN 'carrier_not_live'
      WHEN tracking_number = '' AND (carrier_needs_number OR type_needs_number) THEN 'tracking_missing'
      WHEN order_state <> 'SHIPPING' THEN 'order_not_ready'
      WHEN NOT can_shop_ship THEN 'not_shipped_by_shop'
      WHEN NOT multi AND missing_units > 0 THEN 'order_incomplete'
      ELSE 'ready'
    END AS verdict
  FROM gathered
)
SELECT
  $marketplace AS marketplace, $day AS day, notice_id, order_id, multi AS multi_shipment, shipment_id,
  carrier, carrier_code, carrier_name, carrier_url, tracking_number, coalesce(lines, '[]'::JSON) AS lines, units::INTEGER AS units, events::INTEGER AS events,
  dispatched_at, order_state, shipping_type, shipping_deadline,
  CASE
    WHEN verdict IN ('ready', 'done') THEN verdict
    WHEN verdict IN ('order_not_ready', 'order_incomplete') THEN 'hold'
    ELSE 'exception'
  END AS outcome,
  CASE
    WHEN verdict IN ('ready', 'done', 'order_not_ready', 'order_incomplete') THEN NULL
    WHEN verdict IN ('carrier_not_mapped', 'carrier_not_live', 'free_carrier_not_allowed') THEN 'mapping'
    ELSE 'logical'
  END AS exception_class,
  CASE WHEN verdict NOT IN ('ready', 'done') THEN verdict END AS cause,
  CASE verdict
    WHEN 'order_unknown' THEN 'Mirakl does not show the order'
    WHEN 'order_cancelled' THEN 'the order is ' || order_state
    WHEN 'order_state_unknown' THEN 'the order is ' || order_state
    WHEN 'order_not_ready' THEN 'the order is ' || order_state
    WHEN 'line_unknown' THEN unmatched || ' of ' || events || ' lines fit no single order line, such as ' || unmatched_sample
    WHEN 'quantity_missing' THEN 'a line says ' || least || ' units'
    WHEN 'quantity_beyond_order' THEN 'left of line ' || beyond || ' sold'
    WHEN 'parcel_changed_after_telling' THEN 'told of line ' || uncovered
    WHEN 'carrier_not_mapped' THEN 'carrier ' || carrier
    WHEN 'carrier_not_live' THEN 'carrier ' || carrier || ' is mapped to ' || carrier_code || ', which the operator does not have'
    WHEN 'free_carrier_not_allowed' THEN 'carrier ' || carrier || ' is mapped to the free name ' || carrier_name
    WHEN 'tracking_missing' THEN CASE WHEN type_needs_number THEN 'shipping type ' || shipping_type ELSE 'carrier ' || carrier_code END || ' asks for a number'
    WHEN 'not_shipped_by_shop' THEN 'Mirakl says that the shop does not ship it'
    WHEN 'order_incomplete' THEN missing_units || ' units of the order have not left yet'
  END AS detail,
  $mapping_version AS mapping_version, $decided_at AS decided_at
FROM judged
ORDER BY notice_id
