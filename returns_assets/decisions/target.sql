-- target_orders, target_pieces: what the partition looks at: the orders that something deciding names today, and every piece of theirs.
-- n stands for the piece until the partition is decided: a number joins and groups in a fraction of the time of an id.
CREATE OR REPLACE TEMP TABLE target_orders AS
WITH
today AS (
    SELECT order_id, piece_id, event FROM rebound_returns WHERE marketplace = $marketplace AND day = $day
),
shared AS (  -- pieces that another marketplace's documents name, too: whatever the event, it may have brought them here
    SELECT DISTINCT piece_id
    FROM rebound_returns
    WHERE marketplace <> $marketplace AND piece_id IN (SELECT piece_id FROM today)
),
named_orders AS (
    SELECT DISTINCT order_id
    FROM today
    WHERE event IN (SELECT event FROM map_definitive) OR piece_id IN (SELECT piece_id FROM shared)
)
-- the same order may be named by its own id and by the customer's
SELECT order_id FROM named_orders
UNION
SELECT o.order_id FROM partition_orders o JOIN named_orders n ON n.order_id = o.commercial_id
UNION
SELECT o.commercial_id FROM partition_orders o JOIN named_orders n ON n.order_id = o.order_id;

CREATE OR REPLACE TEMP TABLE target_pieces AS
SELECT piece_id, row_number() OVER () AS n
FROM (
    SELECT DISTINCT piece_id
    FROM rebound_returns
    WHERE marketplace = $marketplace AND piece_id IS NOT NULL AND order_id IN (SELECT order_id FROM target_orders)
);
