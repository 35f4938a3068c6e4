-- judged: the one outcome of every piece of the partition, its cause and the rule that gave it; the first reason to stop wins.
CREATE OR REPLACE TEMP TABLE judged AS
WITH
told AS (
    SELECT
        d.n, d.rule, d.policy_outcome, d.disposition_final, d.unit_cause, d.price_minor, d.readiness, d.paid, p.amount_minor,
        CASE
            WHEN d.paid AND d.early_cause IS NULL AND d.policy_outcome = 'refund' AND d.disposition_final THEN NULL
            WHEN d.paid THEN 'refunded_then_changed'
            WHEN d.early_cause IS NOT NULL THEN d.early_cause
            WHEN d.unit_cause = 'refunded_elsewhere' OR d.unit_cause = 'line_in_flight' THEN NULL
            WHEN d.policy_outcome <> 'refund' THEN CASE WHEN d.policy_outcome = 'exception' THEN d.rule END
            WHEN NOT d.disposition_final THEN NULL
            WHEN d.unit_cause IS NOT NULL THEN d.unit_cause
            WHEN d.price_minor = 0 THEN NULL
            WHEN d.refund_reason_code IS NULL THEN 'reason_not_mapped'
            WHEN NOT d.reason_live THEN 'reason_not_live'
            WHEN NOT d.reason_shop_right THEN 'reason_not_for_shops'
            WHEN d.readiness = 'waiting' THEN NULL
            WHEN d.readiness IS DISTINCT FROM 'eligible' THEN 'line_not_refundable'
            WHEN d.tax_mode IS DISTINCT FROM $tax_mode THEN 'tax_mode_differs'
            WHEN p.amount_minor IS NULL THEN 'amount_unreadable'
            WHEN p.running_minor > p.remaining_minor THEN 'over_remainder'
        END AS told_cause
    FROM decided d
    LEFT JOIN priced p USING (n)
    WHERE d.day = $day
)
SELECT
    n,
    CASE
        -- a hold that a person is told of
        WHEN told_cause IS NULL AND NOT paid AND unit_cause IS NULL AND rule = 'verdicts_differ' THEN 'verdicts_differ'
        ELSE told_cause
    END AS cause,
    CASE
        WHEN told_cause IS NOT NULL THEN 'exception'
        WHEN paid THEN 'refund'
        WHEN unit_cause = 'refunded_elsewhere' THEN 'no_refund'
        WHEN unit_cause = 'line_in_flight' THEN 'hold'
        WHEN policy_outcome <> 'refund' THEN policy_outcome
        WHEN NOT disposition_final THEN 'hold'
        WHEN price_minor = 0 THEN 'no_refund'
        WHEN readiness = 'waiting' THEN 'hold'
        WHEN amount_minor <= 0 THEN 'no_refund'
        ELSE 'refund'
    END AS outcome,
    CASE
        WHEN paid OR told_cause IS NOT NULL THEN rule
        WHEN unit_cause = 'refunded_elsewhere' THEN 'refunded_elsewhere'
        WHEN policy_outcome <> 'refund' OR NOT disposition_final OR unit_cause IS NOT NULL THEN rule
        WHEN price_minor = 0 THEN 'nothing_paid'
        WHEN readiness <> 'waiting' AND amount_minor <= 0 THEN 'rounds_to_nothing'
        ELSE rule
    END AS rule
FROM told;
