-- Of the pieces asked about, those that another partition decides by now, each with that partition's marketplace: the events give them to
-- it, or it is a later day that has decided them already.
WITH
takers AS (
    SELECT piece_id, marketplace, 'infinity'::DATE AS day
    FROM belonging
    WHERE marketplace <> $marketplace OR day > $day
    UNION ALL
    SELECT piece_id, marketplace, day
    FROM mapped_dispositions
    WHERE day > $day AND piece_id IN (SELECT piece_id FROM asked_pieces)
)
SELECT piece_id, arg_max(marketplace, day)
FROM takers
GROUP BY piece_id
