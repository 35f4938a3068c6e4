-- priced: the money of each piece that may be refunded, in whole minor units (cents), from Mirakl's own line totals.
-- Units share a line by cumulative rounding: unit n gets round(total*n/quantity) - round(total*(n-1)/quantity), half up,
-- so that the parts add up to the line to the cent whatever the order of refunds.
CREATE OR REPLACE TEMP TABLE priced AS
WITH
sharing AS (
    SELECT d.n, d.piece_id, line_n, d.line_quantity, unit_from, unit_from + quantity AS unit_to, paid,
        d.price_minor, d.shipping_minor, refunded_minor, shipping_refunded_minor,
        CASE WHEN $with_taxes THEN [{'code': t.code, 'minor': round(TRY_CAST(t.amount AS DECIMAL(18, 4)) * $minor, 0)::HUGEINT}
            for t in from_json(l.taxes, '[{"code": "VARCHAR", "amount": "VARCHAR"}]')] END AS tax_list,
        (share * 1000000)::HUGEINT AS share_millionths
    FROM decided d
    JOIN partition_lines l USING (line_n)
    WHERE early_cause IS NULL AND policy_outcome = 'refund' AND disposition_final AND unit_cause IS NULL
),
whole AS (
    SELECT *,
        (2 * price_minor * unit_to + line_quantity) // (2 * line_quantity)
            - (2 * price_minor * unit_from + line_quantity) // (2 * line_quantity) AS full_minor,
        CASE
            WHEN shipping_minor = 0 THEN 0
            ELSE (2 * shipping_minor * unit_to + line_quantity) // (2 * line_quantity)
                - (2 * shipping_minor * unit_from + line_quantity) // (2 * line_quantity)
        END AS shipping_share_minor
    FROM sharing
),
shared AS (
    SELECT *,
        CASE WHEN share_millionths = 1000000 THEN full_minor ELSE (2 * full_minor * share_millionths + 1000000) // 2000000 END AS share_minor
    FROM whole
),
last_piece AS (  -- cents that other people's rounding left over belong to the unit that completes the line
    SELECT *,
        coalesce(sum(share_minor) FILTER (NOT paid)
            OVER (PARTITION BY line_n ORDER BY unit_from, piece_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS planned_minor
    FROM shared
),
settled AS (
    SELECT *,
        CASE
            WHEN NOT paid AND unit_to = line_quantity AND share_millionths = 1000000
                AND price_minor - refunded_minor - planned_minor > 0
                AND abs(price_minor - refunded_minor - planned_minor - share_minor) <= line_quantity
                AND refunded_minor > 0
            THEN price_minor - refunded_minor - planned_minor
            ELSE share_minor
        END AS amount_minor
    FROM last_piece
)
SELECT s.n, s.amount_minor, s.shipping_share_minor,
    s.shipping_minor - s.shipping_refunded_minor AS shipping_left_minor,
    s.price_minor - s.refunded_minor AS remaining_minor,
    -- only the piece that completes the line can differ from its share, and none of the line comes after it
    s.planned_minor + CASE WHEN s.paid THEN 0 ELSE s.amount_minor END AS running_minor,
    CASE
        WHEN coalesce(len(s.tax_list), 0) = 0 THEN '[]'
        ELSE to_json(list_transform(s.tax_list, lambda t: {
            'code': t.code,
            'amount': (((2 * ((2 * t.minor * s.unit_to + s.line_quantity) // (2 * s.line_quantity)
                    - (2 * t.minor * s.unit_from + s.line_quantity) // (2 * s.line_quantity))
                * s.share_millionths + 1000000) // 2000000)::DECIMAL(18, 0) * $unit::DECIMAL(6, 4))::DECIMAL(18, 4)::VARCHAR
        }))
    END AS taxes
FROM settled s;
