-- Notices of the partition that Mirakl does not know as shipped, by how long ago the goods left. Temp table told: sent by us meanwhile.
WITH
waiting AS (
  SELECT * FROM dispatch_notices
  WHERE marketplace = $marketplace AND day = $day AND outcome <> 'done' AND notice_id NOT IN (SELECT notice_id FROM told)
),
causes AS (  -- the push's own cause says more than the notice's: a notice that is ready may have been refused
  SELECT notice_id, min(cause) AS cause FROM dispatch_pushes
  WHERE marketplace = $marketplace AND day = $day AND cause IS NOT NULL AND cause <> 'tracking_not_set'
  GROUP BY notice_id
)
SELECT
  marketplace, day, notice_id, order_id, outcome, coalesce(causes.cause, waiting.cause) AS cause, dispatched_at,
  round(epoch($now::TIMESTAMP - dispatched_at) / 3600, 2) AS age_hours, shipping_deadline,
  round(epoch(shipping_deadline - $now::TIMESTAMP) / 3600, 2) AS hours_left, $now::TIMESTAMP AS computed_at
FROM waiting LEFT JOIN causes USING (notice_id)
ORDER BY shipping_deadline NULLS LAST, dispatched_at, notice_id
