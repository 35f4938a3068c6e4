-- Landed RT11 answers -> the partition's rows of marketplace_returns: of several answers about a return the newest, by-id answers before
-- a sweep's of the same time. Read tolerantly (reference, 7.6): `status` for `state`, camelCase beside snake_case, absent or null fields.
-- Address, label and free text are not read at all: they may be personal.
WITH answers AS (
  SELECT filename, data
  FROM read_json($files, format = 'unstructured', filename = true, maximum_object_size = 536870912, columns = {
    data: 'STRUCT(
      id VARCHAR, state VARCHAR, status VARCHAR, order_id VARCHAR, order_commercial_id VARCHAR, rma VARCHAR, reason_code VARCHAR,
      rejection_reason_code VARCHAR, method_code VARCHAR, tracking STRUCT(tracking_number VARCHAR, trackingNumber VARCHAR),
      date_created VARCHAR, last_updated VARCHAR,
      return_lines STRUCT(order_line_id VARCHAR, quantity INTEGER, reason_code VARCHAR, compliance JSON)[])[]'})
),
named AS (                       -- the file's name says which operation, which batch and when
  SELECT f.operation = 'RT11-ids' AS by_id, f.batch AS batch, strptime(f.at, '%Y%m%dT%H%M%S%f') AS fetched_at, data
  FROM (
    SELECT regexp_extract(filename, '(RT11-[a-z]+)-([0-9a-f]{12})-(\d{8}T\d{12})Z-\d{5}\.json$', ['operation', 'batch', 'at']) AS f, data
    FROM answers
  )
),
listed AS (
  SELECT by_id, batch, fetched_at, unnest(data) AS r FROM named
),
newest AS (
  SELECT * FROM listed
  WHERE r.id IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY r.id ORDER BY fetched_at DESC, by_id DESC, batch DESC, r.last_updated DESC NULLS LAST) = 1
)
SELECT
  $marketplace AS marketplace, $day AS day, r.id AS mirakl_return_id, coalesce(r.state, r.status) AS state, r.order_id,
  r.order_commercial_id AS commercial_id, r.rma, r.reason_code, r.rejection_reason_code, r.method_code,
  coalesce(r.tracking.tracking_number, r.tracking.trackingNumber) AS tracking_number, to_json(coalesce(r.return_lines, [])) AS lines,
  make_timestamp(epoch_us(try_cast(r.date_created AS TIMESTAMPTZ))) AS created_at,
  make_timestamp(epoch_us(try_cast(r.last_updated AS TIMESTAMPTZ))) AS updated_at, fetched_at
FROM newest
