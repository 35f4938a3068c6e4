-- The warehouse's tables and views, one statement each; every table is partitioned by (marketplace, day) or by day alone and is written
-- one partition at a time. The comment of a table, view or column is its entry in docs/data-dictionary.md, which is generated from this
-- file.
-- Times are UTC TIMESTAMPs without zone, money is DECIMAL(18,4) in the row's currency. No UNIQUE or PRIMARY KEY: DuckLake has none.

CREATE TABLE IF NOT EXISTS rebound_documents (  -- grain: one document, as received
  day DATE,                             -- UTC day on which the documents were received: the partition
  document_id BIGINT,                   -- the document's sequence number in the ledger's inbox
  received_at TIMESTAMP,                -- when the inbox took the document
  channel VARCHAR,                      -- endpoint path or drop folder it came through
  kind VARCHAR,                         -- what the channel carries: tracking_update, refund_instant, refund_registered, return_snapshot, warehouse_file
  sha256 VARCHAR,                       -- hash of the bytes, the same bytes are one document
  name VARCHAR,                         -- file name or request id it came under
  size_bytes BIGINT,                    -- length of the bytes
  events INTEGER,                       -- canonical events read from it; of a warehouse's file, the rows that are facts
  problem VARCHAR                       -- why it could not be read, NULL when it could
);

CREATE TABLE IF NOT EXISTS rebound_returns (  -- grain: one canonical event about one piece (or parcel: piece_id NULL)
  day DATE,                             -- UTC day on which the documents were received: the partition
  event_key VARCHAR,                    -- hash of the fact itself: a repeated notification has the same key
  document_id BIGINT,                   -- the document's sequence number in the ledger's inbox
  received_at TIMESTAMP,                -- when the inbox took the document
  event_time TIMESTAMP,                 -- when it happened, from the document where it says so, else when it was received
  event VARCHAR,                        -- canonical event, such as PARCEL_AT_HUB or ITEM_GRADED; UNKNOWN when no map has the status
  event_rank INTEGER,                   -- orders events of the same time
  kind VARCHAR,                         -- kind of the document
  lane VARCHAR,                         -- HUB, DTR or RLIB: decides which event is definitive
  marketplace VARCHAR,                  -- marketplace it was routed to by the order id's prefix, NULL when it could not be routed
  return_id VARCHAR,                    -- ReBound's order id, '(00)' and blanks stripped
  order_id VARCHAR,                     -- order id as the document says it
  rma VARCHAR,                          -- the return's RMA number, where the document says it
  mirakl_return_id VARCHAR,             -- Mirakl's return id from the document's metadata
  piece_id VARCHAR,                     -- ReBound's item id; without one return/line/ordinal; NULL for a parcel-level event
  line_ref VARCHAR,                     -- order line id as the document says it
  sku VARCHAR,                          -- the seller's SKU as the document says it
  ean VARCHAR,                          -- the EAN as the document says it
  quantity INTEGER,                     -- units that the row stands for
  reason_raw VARCHAR,                   -- the return reason as ReBound labels it
  reason VARCHAR,                       -- canonical return reason by rebound.yaml's reason_map, UNKNOWN when it has none
  verification VARCHAR,                 -- what was found against what was announced: MATCH, MISSING, WRONG_ITEM, ...
  grade VARCHAR,                        -- A to D, U when ungraded
  disposition_raw VARCHAR,              -- the disposition as ReBound writes it
  disposition VARCHAR,                  -- canonical disposition, NONE when nothing was said
  refund_advice VARCHAR,                -- ReBound's own advice, shown and not obeyed
  version INTEGER,                      -- the snapshot's version number
  tracking_number VARCHAR,              -- the return parcel's tracking number
  location VARCHAR,                     -- hub or place code
  problem VARCHAR                       -- unknown codes of this row, such as unknown_reason:...
);

CREATE TABLE IF NOT EXISTS warehouse_events (  -- grain: one fact of the warehouse's files; one for each piece where a row stands for several
  day DATE,                             -- UTC day on which the documents were received: the partition
  event_key VARCHAR,                    -- hash of the fact itself: a row that is sent again, in any file, has the same key
  document_id BIGINT,                   -- the document's sequence number in the ledger's inbox
  line_number INTEGER,                  -- line of the file in which the row begins, from 1
  received_at TIMESTAMP,                -- when the inbox took the document
  event_time TIMESTAMP,                 -- when it happened
  event VARCHAR,                        -- PUTAWAY, INSPECTED, RECEIVED or DISPATCHED
  marketplace VARCHAR,                  -- by the prefix of the order id, which a piece has from its return; NULL when it could not be routed
  order_id VARCHAR,                     -- order id as ReBound says it of the return, else as the file does
  order_line_id VARCHAR,                -- order line id as the file says it
  piece_id VARCHAR,                     -- piece as ReBound names it; NULL for a dispatch, a whole parcel, or a piece that could not be told
  return_id VARCHAR,                    -- ReBound's order id, from the file or by the piece
  sku VARCHAR,                          -- the seller's SKU as the file says it
  ean VARCHAR,                          -- the EAN as the file says it
  quantity INTEGER,                     -- units that the row stands for
  warehouse VARCHAR,                    -- the warehouse as the file names it
  location VARCHAR,                     -- shelf or place
  verification VARCHAR,                 -- what was found against what was announced, NULL when the file does not say
  grade VARCHAR,                        -- A to D, NULL when the file does not say, UNKNOWN when no map has the word
  disposition VARCHAR,                  -- canonical disposition, NULL when the file does not say, UNKNOWN when no map has the word
  carrier VARCHAR,                      -- carrier of a dispatch as the warehouse writes it
  tracking_number VARCHAR,              -- tracking number of the parcel that left or came
  problem VARCHAR                       -- what keeps the row from counting, and unknown words, such as unknown_disposition:...
);

CREATE TABLE IF NOT EXISTS mirakl_sweeps (  -- grain: one OR11 sweep by update date
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  window_from TIMESTAMP,                -- start of the update-date window
  window_to TIMESTAMP,                  -- end of the window
  swept_at TIMESTAMP,                   -- when it was swept
  orders BIGINT                         -- orders it returned
);

CREATE TABLE IF NOT EXISTS mirakl_orders (  -- grain: one order as last read for the partition
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  order_id VARCHAR,                     -- Mirakl's order id
  commercial_id VARCHAR,                -- the customer's basket order
  order_state VARCHAR,                  -- state of the order
  currency VARCHAR,                     -- ISO 4217 code of the row's money
  tax_mode VARCHAR,                     -- TAX_INCLUDED or TAX_EXCLUDED: whether the row's money contains the taxes
  price DECIMAL(18,4),                  -- sum of the lines without shipping
  shipping_price DECIMAL(18,4),         -- shipping of all lines
  total_price DECIMAL(18,4),            -- price + shipping + fees
  total_commission DECIMAL(18,4),       -- the operator's commission
  fully_refunded BOOLEAN,               -- Mirakl says that requested refunds add up to everything
  ship_to_country VARCHAR,              -- country of the shipping address (ISO 3166 alpha-3), nothing else of it
  created_at TIMESTAMP,                 -- created in Mirakl
  debited_at TIMESTAMP,                 -- customer was debited
  updated_at TIMESTAMP,                 -- last change in Mirakl
  fetched_at TIMESTAMP                  -- when this answer was read from Mirakl
);

CREATE TABLE IF NOT EXISTS mirakl_order_lines (  -- grain: one order line as last read for the partition
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  order_id VARCHAR,                     -- Mirakl's order id
  order_line_id VARCHAR,                -- Mirakl's order line id
  line_index INTEGER,                   -- position in the order
  line_state VARCHAR,                   -- state of the line: only some are refundable
  offer_sku VARCHAR,                    -- the seller's SKU
  product_sku VARCHAR,                  -- the operator's product id
  product_shop_sku VARCHAR,             -- the seller's SKU in the catalogue
  product_title VARCHAR,                -- title
  quantity INTEGER,                     -- units sold
  price_unit DECIMAL(18,4),             -- price of one unit
  price DECIMAL(18,4),                  -- line total without shipping
  shipping_price DECIMAL(18,4),         -- shipping of the line
  can_refund BOOLEAN,                   -- Mirakl says that the FULL line can still be refunded
  taxes JSON,                           -- tax lines [{code, amount}] of the product part
  shipping_taxes JSON,                  -- tax lines [{code, amount}] of the shipping part
  cancelled_amount DECIMAL(18,4),       -- product money already cancelled
  shipped_at TIMESTAMP,                 -- shipped
  received_at TIMESTAMP,                -- received by the customer
  currency VARCHAR,                     -- ISO 4217 code of the row's money
  tax_mode VARCHAR,                     -- TAX_INCLUDED or TAX_EXCLUDED: whether the row's money contains the taxes
  fetched_at TIMESTAMP                  -- when this answer was read from Mirakl
);

CREATE TABLE IF NOT EXISTS mirakl_refunds (  -- grain: one refund on an order line as last read for the partition
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  order_id VARCHAR,                     -- Mirakl's order id
  order_line_id VARCHAR,                -- Mirakl's order line id
  refund_id VARCHAR,                    -- Mirakl's refund id
  order_refund_id VARCHAR,              -- groups the refunds of one call
  amount DECIMAL(18,4),                 -- product part
  shipping_amount DECIMAL(18,4),        -- shipping part
  quantity INTEGER,                     -- informative only
  taxes JSON,                           -- tax lines [{code, amount}] of the product part
  shipping_taxes JSON,                  -- tax lines [{code, amount}] of the shipping part
  reason_code VARCHAR,                  -- the operator's refund reason code (RE01)
  refund_state VARCHAR,                 -- WAITING_REFUND, WAITING_REFUND_PAYMENT, REFUNDED, ...
  commission_total DECIMAL(18,4),       -- commission given back
  created_at TIMESTAMP,                 -- created in Mirakl
  fetched_at TIMESTAMP                  -- when this answer was read from Mirakl
);

CREATE TABLE IF NOT EXISTS mirakl_reference (  -- grain: one entry of one of the operator's lists
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  list VARCHAR,                         -- refund_reason (RE01), tax (OR75), currency (CUR01), platform (PC01), account (A01), carrier (SH21), shipping_type (SH12)
  code VARCHAR,                         -- entry's code or dotted key
  label VARCHAR,                        -- the operator's label
  value VARCHAR,                        -- the value, for platform and account entries
  attributes JSON,                      -- what else the entry says, such as is_shop_right
  fetched_at TIMESTAMP                  -- when this answer was read from Mirakl
);

CREATE TABLE IF NOT EXISTS marketplace_returns (  -- grain: one return of the marketplace (RT11) as last read for the partition
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day of the change, or of the ReBound event that names the order: the partition
  mirakl_return_id VARCHAR,             -- Mirakl's return id
  state VARCHAR,                        -- WAITING_ACCEPTANCE, IN_PROGRESS, REFUSED, RECEIVED, NO_RECEPTION, CLOSED or CANCELED
  order_id VARCHAR,                     -- Mirakl's order id
  commercial_id VARCHAR,                -- the customer's basket order
  rma VARCHAR,                          -- RMA number; Mirakl does not keep it unique
  reason_code VARCHAR,                  -- the operator's return reason code, for the whole return
  rejection_reason_code VARCHAR,        -- why it was refused
  method_code VARCHAR,                  -- how the goods travel
  tracking_number VARCHAR,              -- the return parcel's tracking number as Mirakl knows it
  lines JSON,                           -- [{order_line_id, quantity, reason_code, compliance}] of the return
  created_at TIMESTAMP,                 -- created in Mirakl
  updated_at TIMESTAMP,                 -- last change in Mirakl
  fetched_at TIMESTAMP                  -- when this answer was read from Mirakl
);

CREATE TABLE IF NOT EXISTS mapped_dispositions (  -- grain: one piece with a definitive event, in the partition of its latest one
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  piece_id VARCHAR,                     -- ReBound's item id; without one return/line/ordinal
  return_id VARCHAR,                    -- ReBound's order id, '(00)' and blanks stripped
  lane VARCHAR,                         -- HUB, DTR or RLIB
  definitive_event VARCHAR,             -- the latest event that allowed the decision
  definitive_at TIMESTAMP,              -- when the first definitive event happened: latency and deadline count from here
  event_key VARCHAR,                    -- key of that latest event
  document_id BIGINT,                   -- document of that event
  order_ref VARCHAR,                    -- order id as the document says it
  order_id VARCHAR,                     -- Mirakl's order id, NULL when the order is unknown
  order_line_id VARCHAR,                -- Mirakl's order line id, NULL when no single line fits
  matched_by VARCHAR,                   -- line_id, sku, sku_equal_lines, ean, ledger, or ambiguous
  sku VARCHAR,                          -- the seller's SKU as the document says it
  ean VARCHAR,                          -- the EAN as the document says it
  quantity INTEGER,                     -- units that the piece stands for
  reason_raw VARCHAR,                   -- the return reason as ReBound labels it
  reason VARCHAR,                       -- canonical return reason
  verification VARCHAR,                 -- what was found against what was announced
  grade VARCHAR,                        -- A to D, U when ungraded
  disposition VARCHAR,                  -- canonical disposition
  refund_reason_code VARCHAR,           -- the operator's reason code by return_reasons.csv
  rule VARCHAR,                         -- row of refund_policy.csv that decided
  policy_outcome VARCHAR,               -- what that row says before order, units and money were looked at
  share DECIMAL(9,6),                   -- share of the price that the rule grants
  outcome VARCHAR,                      -- refund, no_refund, hold or exception: exactly one
  exception_class VARCHAR,              -- technical, mapping, logical or policy, for exceptions
  cause VARCHAR,                        -- why it is not refunded
  waits_for VARCHAR,                    -- what a hold waits for
  todo VARCHAR,                         -- what a person should do
  detail VARCHAR,                       -- the values behind the cause
  line_state VARCHAR,                   -- state of the line as read
  paid BOOLEAN,                         -- an effect of the ledger already stands for the piece and may have moved money
  unit_from INTEGER,                    -- first unit of the line that the piece stands for, counted from 0
  amount DECIMAL(18,4),                 -- product part to refund
  shipping_amount DECIMAL(18,4),        -- shipping part to refund
  taxes JSON,                           -- tax lines [{code, amount}] of the product part
  shipping_taxes JSON,                  -- tax lines [{code, amount}] of the shipping part
  shipping_top_ups JSON,                -- where the piece completes an order: shipping refunded alone on lines paid before, [{order_line_id, shipping_amount, shipping_taxes, reason_code, paid, foreign_refund_ids, pieces: those that make the order whole}]
  currency VARCHAR,                     -- ISO 4217 code of the row's money
  tax_mode VARCHAR,                     -- TAX_INCLUDED or TAX_EXCLUDED: whether the row's money contains the taxes
  foreign_refund_ids JSON,              -- refunds on the line made by others, netted out
  due_at TIMESTAMP,                     -- deadline of the refund
  mapping_version VARCHAR,              -- sha256 of the mapping tables that decided; `returns mappings show` prints a version
  decided_at TIMESTAMP                  -- when this row was decided
);

CREATE TABLE IF NOT EXISTS refund_actions (  -- grain: one refund action (an effect of kind refund) of the partition
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  effect_key VARCHAR,                   -- the effect's deterministic key in the ledger
  order_id VARCHAR,                     -- Mirakl's order id
  order_line_id VARCHAR,                -- Mirakl's order line id
  pieces JSON,                          -- [{piece_id, quantity, unit_from}] that the refund pays, [] for shipping alone
  quantity INTEGER,                     -- units that the refund pays, 0 for shipping alone
  amount DECIMAL(18,4),                 -- product part
  shipping_amount DECIMAL(18,4),        -- shipping part
  taxes JSON,                           -- tax lines [{code, amount}] of the product part
  shipping_taxes JSON,                  -- tax lines [{code, amount}] of the shipping part
  currency VARCHAR,                     -- ISO 4217 code of the row's money
  tax_mode VARCHAR,                     -- TAX_INCLUDED or TAX_EXCLUDED: whether the row's money contains the taxes
  reason_code VARCHAR,                  -- the operator's refund reason code (RE01)
  mapping_version VARCHAR,              -- sha256 of the mapping tables that decided; `returns mappings show` prints a version
  validation_id BIGINT,                 -- the passed validation that released it
  state VARCHAR,                        -- state of the effect when the action was registered
  registered_at TIMESTAMP               -- when it was first registered
);

CREATE TABLE IF NOT EXISTS refund_pushes (  -- grain: one effect of the partition after the push
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  effect_key VARCHAR,                   -- the effect's deterministic key in the ledger
  order_id VARCHAR,                     -- Mirakl's order id
  order_line_id VARCHAR,                -- Mirakl's order line id
  state VARCHAR,                        -- planned, claimed, confirmed, rejected, unknown, held, retry_at or withdrawn
  cause VARCHAR,                        -- why it is not confirmed
  refund_id VARCHAR,                    -- Mirakl's refund id once confirmed
  amount DECIMAL(18,4),                 -- product part
  shipping_amount DECIMAL(18,4),        -- shipping part
  currency VARCHAR,                     -- ISO 4217 code of the row's money
  quantity INTEGER,                     -- units that the refund pays, 0 for shipping alone
  attempts INTEGER,                     -- how often it was claimed for sending
  claimed_at TIMESTAMP,                 -- when the last claim was committed
  confirmed_at TIMESTAMP,               -- when Mirakl's answer was committed
  pieces JSON                           -- [{piece_id, quantity, unit_from}] that the refund pays, [] for shipping alone
);

CREATE TABLE IF NOT EXISTS return_metrics (  -- grain: one partition
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  currency VARCHAR,                     -- ISO 4217 code of the row's money
  documents BIGINT,                     -- documents with an event of this marketplace
  events BIGINT,                        -- canonical events
  pieces BIGINT,                        -- decided pieces
  units BIGINT,                         -- their units
  refunds BIGINT,                       -- confirmed refunds
  refunded_pieces BIGINT,               -- pieces of confirmed refunds
  refunded_amount DECIMAL(18,4),        -- product money of confirmed refunds
  refunded_shipping DECIMAL(18,4),      -- shipping money of confirmed refunds
  planned_amount DECIMAL(18,4),         -- money decided but not confirmed yet
  no_refunds BIGINT,                    -- pieces that a rule leaves without refund
  holds BIGINT,                         -- pieces that wait
  exceptions BIGINT,                    -- pieces in the exception queue
  technical BIGINT,                     -- of these, technical
  mapping BIGINT,                       -- of these, mapping
  logical BIGINT,                       -- of these, logical
  policy BIGINT,                        -- of these, policy
  failed_pushes BIGINT,                 -- effects that are rejected, held, unknown or waiting to be retried
  latency_median_hours DOUBLE,          -- definitive event to confirmed refund, median
  latency_p95_hours DOUBLE,             -- the same, 95th percentile
  computed_at TIMESTAMP                 -- when these figures were computed
);

CREATE TABLE IF NOT EXISTS return_metrics_by (  -- grain: one partition x dimension (cause, sku, reason) x key
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  dimension VARCHAR,                    -- cause, sku or reason
  key VARCHAR,                          -- the cause, SKU or reason
  pieces BIGINT,                        -- pieces that came back
  units BIGINT,                         -- their units
  refunded_amount DECIMAL(18,4),        -- product money of confirmed refunds
  sold_units BIGINT,                    -- sold in the orders of the partition: of the SKU, or of all for a reason; causes have none
  return_rate DOUBLE                    -- units / sold_units, NULL for causes and where nothing was sold
);

CREATE TABLE IF NOT EXISTS return_status_actions (  -- grain: one step that Mirakl's return owes to a ReBound return, in the partition of the return's latest event
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the return's latest event was first received: the partition
  return_id VARCHAR,                    -- ReBound's order id, '(00)' and blanks stripped
  order_ref VARCHAR,                    -- order id as the documents say it
  lane VARCHAR,                         -- HUB, DTR or RLIB
  mirakl_return_id VARCHAR,             -- Mirakl's return, NULL when none or more than one fits
  matched_by VARCHAR,                   -- metadata, ledger (this product made one for the other), rma or lines
  order_id VARCHAR,                     -- order of Mirakl's return
  step VARCHAR,                         -- match (is there a return at all), received, compliance, closed or cancelled
  outcome VARCHAR,                      -- send, done (Mirakl shows it), wait, gap (Mirakl lists no return) or exception
  exception_class VARCHAR,              -- technical, mapping, logical or policy, for exceptions
  cause VARCHAR,                        -- why it is a gap or an exception
  waits_for VARCHAR,                    -- what a wait waits for
  todo VARCHAR,                         -- what a person should do
  detail VARCHAR,                       -- the values behind the cause
  event_time TIMESTAMP,                 -- when ReBound's or the warehouse's event happened: the gap is measured from here
  mirakl_state VARCHAR,                 -- state of Mirakl's return as read
  shown_at TIMESTAMP,                   -- for a step that is done: when Mirakl's return was made (match) or last changed, the latest it can be
  lines JSON,                           -- for compliance: the verdict of each order line, as it is sent (RT26)
  mapping_version VARCHAR,              -- sha256 of the mapping tables that decided; `returns mappings show` prints a version
  decided_at TIMESTAMP                  -- when this row was decided
);

CREATE TABLE IF NOT EXISTS return_status_pushes (  -- grain: one step of return_status_actions after the push
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the return's latest event was first received: the partition
  return_id VARCHAR,                    -- ReBound's order id, '(00)' and blanks stripped
  mirakl_return_id VARCHAR,             -- Mirakl's return, NULL when none or more than one fits
  step VARCHAR,                         -- match, received, compliance, closed or cancelled
  outcome VARCHAR,                      -- outcome of return_status_actions
  effect_key VARCHAR,                   -- the effect's deterministic key in the ledger, NULL when nothing was to be sent
  state VARCHAR,                        -- planned, claimed, confirmed, rejected, unknown, held, retry_at or withdrawn
  cause VARCHAR,                        -- why it is not confirmed
  attempts INTEGER,                     -- how often it was claimed for sending
  event_time TIMESTAMP,                 -- when ReBound's or the warehouse's event happened
  shown_at TIMESTAMP,                   -- when Mirakl showed it: our confirmed change, or the return's last change when others made it
  gap_hours DOUBLE,                     -- from event_time to shown_at, or to measured_at while it is not shown; never below 0
  limit_hours INTEGER,                  -- status_limit_hours of the marketplace
  late BOOLEAN,                         -- not shown yet, and the gap is above the limit
  measured_at TIMESTAMP                 -- when this row was written
);

CREATE TABLE IF NOT EXISTS dispatch_orders (  -- grain: one line of an order that the day's dispatches name, as read from Mirakl
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  order_id VARCHAR,                     -- Mirakl's order id
  order_line_id VARCHAR,                -- Mirakl's order line id
  offer_sku VARCHAR,                    -- the seller's SKU
  quantity INTEGER,                     -- units sold
  line_state VARCHAR,                   -- state of the line
  order_state VARCHAR,                  -- state of the order
  multi_shipment BOOLEAN,               -- whether its parcels are told one by one (ST01): ST11 answered, and ST01 did not answer 404
  can_shop_ship BOOLEAN,                -- whether the shop ships it
  shipping_type VARCHAR,                -- code of the shipping type (SH12)
  shipping_deadline TIMESTAMP,          -- latest time of dispatch that the operator expects
  carrier_code VARCHAR,                 -- carrier that Mirakl shows
  tracking_number VARCHAR,              -- tracking number that Mirakl shows
  fetched_at TIMESTAMP                  -- when this answer was read from Mirakl
);

CREATE TABLE IF NOT EXISTS dispatch_shipments (  -- grain: one line of a shipment of these orders, where the operator has multi-shipment
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  order_id VARCHAR,                     -- Mirakl's order id
  shipment_id VARCHAR,                  -- Mirakl's shipment id
  status VARCHAR,                       -- SHIPPING: not left yet, SHIPPED, TO_COLLECT, RECEIVED, ...
  tracking_number VARCHAR,              -- tracking number that Mirakl shows
  order_line_id VARCHAR,                -- Mirakl's order line id
  quantity INTEGER,                     -- units in the shipment
  fetched_at TIMESTAMP                  -- when this answer was read from Mirakl
);

CREATE TABLE IF NOT EXISTS dispatch_notices (  -- grain: one order, or one parcel of it where the operator has multi-shipment, in the day of its last news
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  notice_id VARCHAR,                    -- the order id, with multi-shipment the order id, a slash and the parcel's tracking number
  order_id VARCHAR,                     -- order id as the warehouse says it
  multi_shipment BOOLEAN,               -- whether parcels are told one by one (ST01) or the order as a whole (OR23, OR24)
  shipment_id VARCHAR,                  -- a shipment with exactly these lines that waits in Mirakl and is completed (ST23, ST24)
  carrier VARCHAR,                      -- the carrier as the warehouse writes it
  carrier_code VARCHAR,                 -- the operator's code by carriers.csv
  carrier_name VARCHAR,                 -- a free name by carriers.csv
  carrier_url VARCHAR,                  -- the free carrier's address
  tracking_number VARCHAR,              -- tracking number; of an order in several parcels that of the last one
  lines JSON,                           -- [{order_line_id, quantity}] that left
  units INTEGER,                        -- units that left
  events INTEGER,                       -- lines of the warehouse that it stands for
  dispatched_at TIMESTAMP,              -- when the last of it left the warehouse
  order_state VARCHAR,                  -- state of the order as read
  shipping_type VARCHAR,                -- code of the shipping type (SH12)
  shipping_deadline TIMESTAMP,          -- latest time of dispatch that the operator expects
  outcome VARCHAR,                      -- ready, hold, done (shipped in Mirakl) or exception: exactly one
  exception_class VARCHAR,              -- technical, mapping, logical or policy, for exceptions
  cause VARCHAR,                        -- why it is not sent
  detail VARCHAR,                       -- the values behind the cause
  mapping_version VARCHAR,              -- sha256 of the mapping tables that decided; `returns mappings show` prints a version
  decided_at TIMESTAMP                  -- when this row was decided
);

CREATE TABLE IF NOT EXISTS dispatch_pushes (  -- grain: one effect of the partition after the push: tracking (OR23, ST23), ship (OR24, ST24) or shipment (ST01)
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  effect_key VARCHAR,                   -- the effect's deterministic key in the ledger
  kind VARCHAR,                         -- tracking, ship or shipment
  operation VARCHAR,                    -- the Mirakl operation that is called
  notice_id VARCHAR,                    -- the notice that it tells
  order_id VARCHAR,                     -- Mirakl's order id
  state VARCHAR,                        -- planned, claimed, confirmed, rejected, unknown, held, retry_at or withdrawn
  cause VARCHAR,                        -- why it is not confirmed
  answer VARCHAR,                       -- what Mirakl answered to the last attempt that was refused or lost
  shipment_id VARCHAR,                  -- Mirakl's id of the shipment, where there is one
  attempts INTEGER,                     -- how often it was claimed for sending
  claimed_at TIMESTAMP,                 -- when the last claim was committed
  confirmed_at TIMESTAMP                -- when Mirakl's answer was committed
);

CREATE TABLE IF NOT EXISTS late_dispatches (  -- grain: one notice whose goods left the warehouse while Mirakl does not show them as shipped
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  notice_id VARCHAR,                    -- the notice
  order_id VARCHAR,                     -- order id as the warehouse says it
  outcome VARCHAR,                      -- what the notice came to: ready, hold or exception
  cause VARCHAR,                        -- why Mirakl does not know yet
  dispatched_at TIMESTAMP,              -- when the last of it left the warehouse
  age_hours DOUBLE,                     -- hours since then
  shipping_deadline TIMESTAMP,          -- latest time of dispatch that the operator expects, NULL when Mirakl says none
  hours_left DOUBLE,                    -- hours until that deadline, negative when it is over
  computed_at TIMESTAMP                 -- when this row was computed
);

CREATE TABLE IF NOT EXISTS rebound_orders (  -- grain: one order of the partition of mirakl_orders, and whether ReBound is told of it
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the order changed or a return named it: the partition
  order_id VARCHAR,                     -- Mirakl's order id, which is ReBound's clientOrderId
  commercial_id VARCHAR,                -- the customer's basket order
  order_state VARCHAR,                  -- state of the order as read
  country VARCHAR,                      -- country of the shipping address (ISO 3166 alpha-3)
  shipped_at TIMESTAMP,                 -- when the last line left
  lines INTEGER,                        -- lines that are not cancelled
  units INTEGER,                        -- their units
  document JSON,                        -- the sales order as it is sent, without the address, which is in no table
  content_hash VARCHAR,                 -- sha256 of the document: the same content has the same hash
  version INTEGER,                      -- 1, and one more for each content that ReBound has confirmed
  changed BOOLEAN,                      -- ReBound has, or may have, another content of the order
  outcome VARCHAR,                      -- ready, done (ReBound has this content; where it had the order already, detail says that nobody knows which), wait, skip or exception
  exception_class VARCHAR,              -- technical, mapping, logical or policy, for exceptions
  cause VARCHAR,                        -- why it is not told, such as not_shipped or window_passed
  todo VARCHAR,                         -- what a person should do
  detail VARCHAR,                       -- the values behind the cause
  mapping_version VARCHAR,              -- sha256 of the mapping tables that decided; `returns mappings show` prints a version
  decided_at TIMESTAMP                  -- when this row was decided
);

CREATE TABLE IF NOT EXISTS rebound_order_pushes (  -- grain: one sales order (an effect of kind sales_order) of the partition after the push
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the order changed or a return named it: the partition
  effect_key VARCHAR,                   -- the effect's deterministic key in the ledger
  order_id VARCHAR,                     -- Mirakl's order id, which is ReBound's clientOrderId
  content_hash VARCHAR,                 -- sha256 of the document that was sent; not what ReBound has where cause is content_unknown
  changed BOOLEAN,                      -- ReBound had, or may have had, another content of the order
  state VARCHAR,                        -- planned, claimed, confirmed, rejected, unknown, held, retry_at or withdrawn
  cause VARCHAR,                        -- why it is not confirmed; of a confirmed one content_unknown: ReBound had the order already (409) and does not show with which content
  answer VARCHAR,                       -- what ReBound said where it is not confirmed, did not name the sales order, or had it already
  sales_order_id VARCHAR,               -- ReBound's id of the sales order once confirmed
  attempts INTEGER,                     -- how often it was claimed for sending
  claimed_at TIMESTAMP,                 -- when the last claim was committed
  confirmed_at TIMESTAMP                -- when ReBound's answer was committed
);

CREATE TABLE IF NOT EXISTS stock_offers (  -- grain: one offer of a SKU that the day's returns may put back on sale, as read (OF21); empty unless this product sets the quantity
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  sku VARCHAR,                          -- the seller's SKU as the offer has it
  offer_id VARCHAR,                     -- Mirakl's offer id
  quantity INTEGER,                     -- units for sale, in all warehouses
  warehouses JSON,                      -- {code: units} where the offer has warehouses, else {}
  active BOOLEAN,                       -- whether Mirakl shows it
  fetched_at TIMESTAMP                  -- when this answer was read from Mirakl
);

CREATE TABLE IF NOT EXISTS stock_actions (  -- grain: one piece whose trigger event arrived, in the partition of its latest news
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the piece's latest news were first received: the partition
  piece_id VARCHAR,                     -- ReBound's item id; without one return/line/ordinal
  return_id VARCHAR,                    -- ReBound's order id, '(00)' and blanks stripped
  lane VARCHAR,                         -- HUB, DTR or RLIB
  order_ref VARCHAR,                    -- order id as the documents say it
  order_id VARCHAR,                     -- Mirakl's order id, NULL when the order is unknown
  order_line_id VARCHAR,                -- Mirakl's order line id, NULL when no single line fits
  sku VARCHAR,                          -- SKU of the offer that the piece belongs to
  piece_sku VARCHAR,                    -- SKU as ReBound or the inspection says it
  shelf_sku VARCHAR,                    -- SKU that the putaway names
  quantity INTEGER,                     -- units that the piece stands for
  warehouse VARCHAR,                    -- Mirakl's warehouse code, for offers with warehouses
  verification VARCHAR,                 -- what was found against what was announced
  grade VARCHAR,                        -- A to D, U when ungraded
  disposition VARCHAR,                  -- canonical disposition
  rule VARCHAR,                         -- row of restock.csv that fits, NULL when none does
  trigger_event VARCHAR,                -- the event that makes the piece sellable if anything does
  triggered_at TIMESTAMP,               -- when it first happened
  mode VARCHAR,                         -- own or signal
  outcome VARCHAR,                      -- restock, not_sellable, hold or exception: exactly one
  exception_class VARCHAR,              -- technical, mapping, logical or policy, for holds and exceptions with a cause
  cause VARCHAR,                        -- why it is not restocked
  waits_for VARCHAR,                    -- what a hold waits for
  todo VARCHAR,                         -- what a person should do
  detail VARCHAR,                       -- the values behind the cause
  restocked BOOLEAN,                    -- the ledger already has it on sale, or may have
  mapping_version VARCHAR,              -- sha256 of the mapping tables that decided; `returns mappings show` prints a version
  decided_at TIMESTAMP                  -- when this row was decided
);

CREATE TABLE IF NOT EXISTS stock_pushes (  -- grain: one effect (pieces of one SKU) of the partition after the push
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  effect_key VARCHAR,                   -- the effect's deterministic key in the ledger
  mode VARCHAR,                         -- own or signal
  sku VARCHAR,                          -- the seller's SKU
  warehouse VARCHAR,                    -- Mirakl's warehouse code, NULL for offers without warehouses
  units INTEGER,                        -- units that it adds
  pieces JSON,                          -- [{piece_id, quantity, unit_from}] that it stands for
  state VARCHAR,                        -- planned, claimed, confirmed, rejected, unknown, held, retry_at or withdrawn
  cause VARCHAR,                        -- why it is not confirmed
  answer VARCHAR,                       -- what Mirakl said at the last attempt that was refused or lost
  quantity_before INTEGER,              -- units of the whole offer just before
  quantity_written INTEGER,             -- the absolute quantity of the last stock file, of the warehouse where there is one
  import_id VARCHAR,                    -- Mirakl's import of that file
  attempts INTEGER,                     -- how often it was taken for sending
  claimed_at TIMESTAMP,                 -- when that was committed last
  confirmed_at TIMESTAMP                -- when the import's end was committed
);

CREATE TABLE IF NOT EXISTS stock_signals (  -- grain: one unit that the retailer's ERP is to put on sale; docs/stock-signals.md is the contract
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day on which the documents were received: the partition
  signal_id VARCHAR,                    -- the unit's stable id: the same in every run
  sku VARCHAR,                          -- the seller's SKU
  quantity INTEGER,                     -- always 1
  piece_id VARCHAR,                     -- ReBound's item id; without one return/line/ordinal
  unit INTEGER,                         -- which unit of the piece, from 1
  order_id VARCHAR,                     -- Mirakl's order id
  return_id VARCHAR,                    -- ReBound's order id
  warehouse VARCHAR,                    -- Mirakl's warehouse code by marketplaces.yaml, where one is given
  triggered_at TIMESTAMP,               -- when the piece's trigger event happened
  signalled_at TIMESTAMP                -- when the signal was given first
);

CREATE TABLE IF NOT EXISTS stock_drift (  -- grain: one SKU as read in the night
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day of the reading: the partition
  sku VARCHAR,                          -- the seller's SKU
  baseline INTEGER,                     -- units at the last judged or first reading before, NULL when there was none
  baseline_at TIMESTAMP,                -- when that was read
  added INTEGER,                        -- units that this product added since, confirmed
  sold INTEGER,                         -- units sold since: lines of orders created in Mirakl, not refused or cancelled
  expected INTEGER,                     -- baseline + added - sold
  quantity INTEGER,                     -- units for sale as read, NULL when Mirakl lists the SKU no more
  difference INTEGER,                   -- quantity - expected: what somebody else changed
  over_limit BOOLEAN,                   -- the difference is above drift_limit, in either direction, where this product sets the quantity
  remark VARCHAR,                       -- why it is not judged: first reading, stock under way, sale during the reading, not listed
  read_at TIMESTAMP                     -- when the reading was made
);

CREATE TABLE IF NOT EXISTS return_requests (  -- grain: one request for a return, in the partition of the day on which it was made: a return that a customer opened in Mirakl, or one that was registered at ReBound or waits in its portal
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- UTC day of the return's opening in Mirakl, or on which its registration at ReBound was first received: the partition
  request_id VARCHAR,                   -- mirakl: and Mirakl's return id, rebound: and ReBound's, or portal: and the registration's
  origin VARCHAR,                       -- marketplace, rebound (registered there) or portal (waits there for a yes or no): where it was asked for
  registration_id VARCHAR,              -- ReBound's id of a registration in its portal
  mirakl_return_id VARCHAR,             -- Mirakl's return id, NULL while Mirakl has none
  return_id VARCHAR,                    -- ReBound's order id, NULL while ReBound has none
  order_id VARCHAR,                     -- Mirakl's order id
  commercial_id VARCHAR,                -- the customer's basket order
  mirakl_state VARCHAR,                 -- state of Mirakl's return as read
  method_code VARCHAR,                  -- how the goods travel
  rma VARCHAR,                          -- Mirakl's RMA as read; of a return that started at ReBound the one that Mirakl is given
  requested_at TIMESTAMP,               -- opened in Mirakl, or registered at ReBound
  outcome VARCHAR,                      -- authorise, create (in Mirakl), refuse, finish (exists on both sides, or may: only written back), hold, done, skip or exception
  exception_class VARCHAR,              -- technical, mapping, logical or policy, for exceptions
  cause VARCHAR,                        -- why it is an exception or skipped
  waits_for VARCHAR,                    -- for a hold, the state of the order line that is waited out; label: ReBound's label or tracking number, before Mirakl is told
  todo VARCHAR,                         -- what a person should do
  detail VARCHAR,                       -- the values behind the outcome
  rejection_code VARCHAR,               -- the operator's code of a refusal, by return_rejections.csv
  lines JSON,                           -- [{order_line_id, quantity, reason_code, reason}] that are asked for
  mapping_version VARCHAR,              -- sha256 of the mapping tables that decided; `returns mappings show` prints a version
  decided_at TIMESTAMP                  -- when this row was decided
);

CREATE TABLE IF NOT EXISTS return_request_lines (  -- grain: one order line of an open request, as it was read for the decision
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- day of the request: the partition
  request_id VARCHAR,                   -- request in return_requests
  order_id VARCHAR,                     -- Mirakl's order id
  order_line_id VARCHAR,                -- Mirakl's order line id
  sku VARCHAR,                          -- the seller's SKU
  quantity INTEGER,                     -- units that are asked for
  line_state VARCHAR,                   -- state of the line as read
  sold INTEGER,                         -- units sold
  price DECIMAL(18,4),                  -- line total without shipping
  refunded_amount DECIMAL(18,4),        -- product money of all refunds on the line, ours and foreign
  refunded_units INTEGER,               -- units that these refunds name: informative at Mirakl, often 0
  in_other_returns INTEGER,             -- units in other returns of the order that are not refused or cancelled; of those that wait for acceptance, in earlier ones
  in_returns_back INTEGER,              -- units in returns whose goods are back (received or closed)
  read_at TIMESTAMP                     -- when the order was read
);

CREATE TABLE IF NOT EXISTS return_request_pushes (  -- grain: one step of a request (an effect) after the push, with the ids of both sides
  marketplace VARCHAR,                  -- key in mappings/marketplaces.yaml: the partition
  day DATE,                             -- day of the request: the partition
  effect_key VARCHAR,                   -- the effect's deterministic key in the ledger
  kind VARCHAR,                         -- return_accept, return_refuse (RT21), return_create (RT01), return_order (ReBound), registration_authorise or registration_decline (its portal), or return_update (RT04)
  order_id VARCHAR,                     -- Mirakl's order id
  registration_id VARCHAR,              -- ReBound's id of a registration in its portal
  mirakl_return_id VARCHAR,             -- Mirakl's return id
  return_id VARCHAR,                    -- ReBound's order id
  rma VARCHAR,                          -- RMA that Mirakl is given
  tracking_number VARCHAR,              -- the return parcel's tracking number that Mirakl is given
  label BOOLEAN,                        -- whether Mirakl is given the address of a label; the label shows the customer, so its address is not here
  state VARCHAR,                        -- planned, claimed, confirmed, rejected, unknown, held, retry_at or withdrawn
  cause VARCHAR,                        -- why it is not confirmed
  answer VARCHAR,                       -- the last refusal or obstacle; of ReBound's refusals status, codes and names of fields only
  attempts INTEGER,                     -- how often it was claimed for sending
  claimed_at TIMESTAMP,                 -- when the last claim was committed
  confirmed_at TIMESTAMP                -- when the answer was committed
);

-- When later news moves a piece to another partition, the old partition keeps its row until it is run again: whoever adds up over
-- partitions reads this view, in which each piece counts once.
CREATE VIEW IF NOT EXISTS current_dispositions AS  -- grain: one piece, as the partition that decided it last has it; the columns of mapped_dispositions
SELECT m.* FROM mapped_dispositions m
WHERE NOT EXISTS (
  SELECT 1 FROM mapped_dispositions l
  WHERE l.piece_id = m.piece_id
    AND (l.day, l.document_id, l.decided_at, l.marketplace) > (m.day, m.document_id, m.decided_at, m.marketplace)
);

-- Which order an id of ReBound's is about, and back, by ids only: the piece's decision says it, else the order or basket id and the line
-- id that the documents name. What leads nowhere keeps its row, without order_id.
CREATE VIEW IF NOT EXISTS return_links AS  -- grain: one id (id_kind: return, registration, piece, tracking, rma, mirakl_return or sales_order) and one order line that it leads to. order_ref is the order as the documents name it; order_id and order_line_id are Mirakl's, NULL while unknown
WITH known_orders AS (
  SELECT DISTINCT marketplace, order_id, commercial_id FROM mirakl_orders
),
known_lines AS (
  SELECT DISTINCT marketplace, order_id, order_line_id FROM mirakl_order_lines
),
named AS (
  SELECT DISTINCT marketplace, order_id AS order_ref, order_id FROM known_orders
  UNION ALL
  SELECT marketplace, commercial_id, min(order_id) FROM known_orders
  WHERE commercial_id NOT IN (SELECT order_id FROM known_orders)
  GROUP BY marketplace, commercial_id HAVING count(DISTINCT order_id) = 1
),
said AS (
  SELECT DISTINCT marketplace, return_id, piece_id, order_id AS order_ref, line_ref, rma, mirakl_return_id, tracking_number
  FROM rebound_returns WHERE return_id IS NOT NULL
),
returned_orders AS (
  SELECT r.return_id, r.marketplace, r.order_ref, n.order_id
  FROM (SELECT DISTINCT return_id, marketplace, order_ref FROM said WHERE order_ref IS NOT NULL) r
  LEFT JOIN named n ON n.marketplace = r.marketplace AND n.order_ref = r.order_ref
),
decided AS (
  SELECT DISTINCT piece_id, marketplace, order_ref, order_id, order_line_id FROM current_dispositions
),
pieces AS (
  SELECT p.piece_id, p.return_id, r.marketplace, r.order_ref, coalesce(d.order_id, r.order_id) AS order_id,
    coalesce(d.order_line_id, l.order_line_id) AS order_line_id
  FROM (SELECT DISTINCT return_id, piece_id FROM said WHERE piece_id IS NOT NULL) p
  LEFT JOIN returned_orders r ON r.return_id = p.return_id
  LEFT JOIN decided d ON d.piece_id = p.piece_id AND d.marketplace = r.marketplace AND d.order_ref = r.order_ref
  LEFT JOIN (SELECT DISTINCT return_id, piece_id, line_ref FROM said WHERE line_ref IS NOT NULL) s ON s.return_id = p.return_id AND s.piece_id = p.piece_id
  LEFT JOIN known_lines l ON l.marketplace = r.marketplace AND l.order_id = r.order_id AND l.order_line_id = s.line_ref
),
targets AS (
  SELECT return_id, marketplace, order_ref, order_id, order_line_id FROM pieces
  UNION
  SELECT r.return_id, r.marketplace, r.order_ref, r.order_id, NULL FROM returned_orders r ANTI JOIN pieces p USING (return_id)
),
ids AS (
  SELECT return_id, 'return' AS id_kind, return_id AS id FROM said
  UNION
  SELECT return_id, 'tracking', tracking_number FROM said WHERE tracking_number IS NOT NULL
  UNION
  SELECT return_id, 'rma', rma FROM said WHERE rma IS NOT NULL
  UNION
  SELECT return_id, 'mirakl_return', mirakl_return_id FROM said WHERE mirakl_return_id IS NOT NULL
),
shown AS (
  SELECT marketplace, order_id, mirakl_return_id, rma, tracking_number,
    unnest(from_json(lines, '[{"order_line_id": "VARCHAR"}]')).order_line_id AS order_line_id
  FROM marketplace_returns
),
told AS (  -- what ReBound was asked and Mirakl was told, before any document of ReBound's names it
  SELECT p.marketplace, p.order_id AS order_ref, p.order_id, p.registration_id, p.mirakl_return_id, p.return_id, p.rma, p.tracking_number,
    coalesce(m.lines, b.lines, r.lines) AS lines
  FROM return_request_pushes p
  LEFT JOIN return_requests m ON m.marketplace = p.marketplace AND m.day = p.day AND m.request_id = 'mirakl:' || p.mirakl_return_id
  LEFT JOIN return_requests b ON b.marketplace = p.marketplace AND b.day = p.day AND b.request_id = 'rebound:' || p.return_id
  LEFT JOIN return_requests r ON r.marketplace = p.marketplace AND r.day = p.day AND r.request_id = 'portal:' || p.registration_id
  UNION ALL
  SELECT marketplace, order_id, CASE WHEN cause IS DISTINCT FROM 'order_unknown' THEN order_id END, registration_id, NULL, NULL, NULL, NULL, lines
  FROM return_requests WHERE origin = 'portal'
),
requested AS (
  SELECT DISTINCT marketplace, order_ref, order_id, registration_id, mirakl_return_id, return_id, rma, tracking_number,
    unnest(from_json(coalesce(nullif(lines::VARCHAR, '[]'), '[null]'), '[{"order_line_id": "VARCHAR"}]')).order_line_id AS order_line_id
  FROM told
)
SELECT i.id_kind, i.id, t.marketplace, t.order_ref, t.order_id, t.order_line_id, i.return_id
FROM ids i LEFT JOIN targets t ON t.return_id = i.return_id
UNION
SELECT 'piece', piece_id, marketplace, order_ref, order_id, order_line_id, return_id FROM pieces
UNION
SELECT 'mirakl_return', mirakl_return_id, marketplace, order_id, order_id, order_line_id, NULL FROM shown
UNION
SELECT 'rma', rma, marketplace, order_id, order_id, order_line_id, NULL FROM shown WHERE rma IS NOT NULL
UNION
SELECT 'tracking', tracking_number, marketplace, order_id, order_id, order_line_id, NULL FROM shown WHERE tracking_number IS NOT NULL
UNION
SELECT 'return', return_id, marketplace, order_ref, order_id, order_line_id, return_id FROM requested
WHERE return_id IS NOT NULL AND return_id NOT IN (SELECT return_id FROM said)
UNION
SELECT 'registration', registration_id, marketplace, order_ref, order_id, order_line_id, return_id FROM requested WHERE registration_id IS NOT NULL
UNION
SELECT 'mirakl_return', mirakl_return_id, marketplace, order_ref, order_id, order_line_id, return_id FROM requested WHERE mirakl_return_id IS NOT NULL
UNION
SELECT 'rma', rma, marketplace, order_ref, order_id, order_line_id, return_id FROM requested WHERE rma IS NOT NULL
UNION
SELECT 'tracking', tracking_number, marketplace, order_ref, order_id, order_line_id, return_id FROM requested WHERE tracking_number IS NOT NULL
UNION
SELECT 'sales_order', p.sales_order_id, p.marketplace, p.order_id, p.order_id, l.order_line_id, NULL
FROM rebound_order_pushes p LEFT JOIN known_lines l ON l.marketplace = p.marketplace AND l.order_id = p.order_id
WHERE p.sales_order_id IS NOT NULL;
