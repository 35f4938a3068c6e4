-- status_matched: for each case the returns of Mirakl's that fit, by the strongest evidence that there is: our own id in ReBound's metadata,
-- what this product authorised or created, or the RMA (not unique at Mirakl: reference, 7.5), each within the case's order; else the order and its lines, where exactly one return
-- and exactly one case fit each other. Refuse rather than guess.
CREATE OR REPLACE TEMP TABLE status_returns AS
SELECT *, state IN ('REFUSED', 'CANCELED') AS ended
FROM marketplace_returns
WHERE marketplace = $marketplace AND day = $day;

CREATE OR REPLACE TEMP TABLE status_return_lines AS
SELECT mirakl_return_id, l.order_line_id AS order_line_id, l.quantity AS quantity
FROM (
    SELECT mirakl_return_id, unnest(from_json(lines, '[{"order_line_id": "VARCHAR", "quantity": "INTEGER"}]')) AS l FROM status_returns
);

CREATE OR REPLACE TEMP TABLE status_skus AS  -- a SKU stands for a line where it names exactly one of the order
SELECT order_id, upper(trim(offer_sku)) AS sku_key, min(order_line_id) AS order_line_id
FROM mirakl_order_lines
WHERE marketplace = $marketplace AND order_id IN (SELECT order_id FROM status_returns)
GROUP BY ALL
HAVING count(DISTINCT order_line_id) = 1;

CREATE OR REPLACE TEMP TABLE status_matched AS
WITH
of_order AS (
    SELECT c.return_id, c.rma, c.mirakl_return_id AS named_id, m.mirakl_return_id, m.rma AS mirakl_rma, m.order_id, m.ended
    FROM status_cases c
    JOIN status_returns m ON c.order_ref IS NULL OR m.order_id = c.order_ref OR m.commercial_id = c.order_ref
),
by_id AS (
    SELECT return_id, mirakl_return_id, 'metadata' AS matched_by FROM of_order WHERE mirakl_return_id = named_id
    UNION ALL
    SELECT DISTINCT o.return_id, o.mirakl_return_id, 'ledger'  -- this product made one for the other, or told the one of the other
    FROM of_order o
    JOIN return_request_pushes p ON p.return_id = o.return_id AND p.mirakl_return_id = o.mirakl_return_id
    WHERE p.marketplace = $marketplace AND p.kind IN ('return_order', 'return_create', 'return_update') AND p.state = 'confirmed'
        AND o.mirakl_return_id IS DISTINCT FROM o.named_id
),
announced AS (  -- the lines that a case is about, unexpected pieces left out
    SELECT DISTINCT e.return_id, o.order_id, coalesce(e.line_ref, s.order_line_id) AS order_line_id
    FROM status_events e
    JOIN (SELECT DISTINCT return_id, order_id FROM of_order) o USING (return_id)
    LEFT JOIN status_skus s ON s.order_id = o.order_id AND s.sku_key = upper(trim(e.sku))
    WHERE e.piece_id IS NOT NULL AND coalesce(e.verification, '') <> 'UNEXPECTED_EXTRA'
),
owned AS (  -- Mirakl's returns that surely are one case's, be it a case of another day
    SELECT return_id, mirakl_return_id FROM by_id
    UNION
    SELECT return_id, mirakl_return_id FROM return_request_pushes
    WHERE marketplace = $marketplace AND kind IN ('return_order', 'return_create', 'return_update') AND state = 'confirmed' AND return_id IS NOT NULL
    UNION
    SELECT return_id, mirakl_return_id FROM of_order WHERE mirakl_rma = return_id
),
apart AS (  -- not one line in common, where the lines of both sides are known
    SELECT o.return_id, o.mirakl_return_id
    FROM of_order o
    JOIN announced a ON a.return_id = o.return_id AND a.order_id = o.order_id
    JOIN status_return_lines l ON l.mirakl_return_id = o.mirakl_return_id
    WHERE o.mirakl_rma = o.rma
    GROUP BY ALL
    HAVING bool_and(a.order_line_id IS NOT NULL) AND bool_and(a.order_line_id <> l.order_line_id)
),
by_rma AS (  -- ReBound's own number serves as RMA where we wrote it (reference, 7.5); another RMA is not unique
    SELECT return_id, mirakl_return_id
    FROM of_order o
    WHERE (mirakl_rma = return_id OR (mirakl_rma = rma AND (return_id, mirakl_return_id) NOT IN (FROM apart)))
        AND NOT EXISTS (FROM owned w WHERE w.mirakl_return_id = o.mirakl_return_id AND w.return_id <> o.return_id)
),
named AS (
    SELECT return_id, mirakl_return_id, matched_by FROM by_id
    UNION ALL
    SELECT return_id, mirakl_return_id, 'rma' FROM by_rma
    -- several returns with the same RMA: the id in the metadata decides between them
    WHERE (return_id, mirakl_return_id) NOT IN (SELECT (return_id, mirakl_return_id) FROM by_id)
        AND NOT (return_id IN (SELECT return_id FROM by_id)
            AND return_id IN (SELECT return_id FROM by_rma GROUP BY return_id HAVING count(*) > 1))
),
fitting AS (
    SELECT o.return_id, o.mirakl_return_id, o.ended
    FROM of_order o
    JOIN announced a ON a.return_id = o.return_id AND a.order_id = o.order_id
    LEFT JOIN status_return_lines l ON l.mirakl_return_id = o.mirakl_return_id AND l.order_line_id = a.order_line_id
    WHERE o.return_id NOT IN (SELECT return_id FROM named) AND o.mirakl_return_id NOT IN (SELECT mirakl_return_id FROM named)
    GROUP BY ALL
    HAVING bool_and(l.order_line_id IS NOT NULL)
),
living AS (  -- one that was refused or cancelled fits only where no other does
    SELECT return_id, mirakl_return_id FROM fitting
    QUALIFY NOT ended OR bool_and(ended) OVER (PARTITION BY return_id)
),
by_lines AS (
    SELECT return_id, mirakl_return_id, 'lines' AS matched_by, count(*) OVER (PARTITION BY mirakl_return_id) AS cases FROM living
),
candidates AS (
    SELECT return_id, mirakl_return_id, matched_by, count(*) OVER (PARTITION BY mirakl_return_id) AS cases FROM named  -- one RMA, several cases
    UNION ALL
    SELECT return_id, mirakl_return_id, matched_by, cases FROM by_lines
)
SELECT
    return_id, count(DISTINCT mirakl_return_id) AS fits, max(cases) AS cases, min(mirakl_return_id) AS mirakl_return_id,
    min(matched_by) AS matched_by, list(DISTINCT mirakl_return_id ORDER BY mirakl_return_id) AS candidates
FROM candidates
GROUP BY return_id;
