-- target_pieces: of the pieces asked about (asked_pieces), those of which a later day or another marketplace has heard: nothing else can
-- have taken one from its partition.
CREATE OR REPLACE TEMP TABLE target_pieces AS
SELECT piece_id, row_number() OVER () AS n
FROM (
    SELECT DISTINCT piece_id
    FROM rebound_returns
    WHERE (marketplace <> $marketplace OR day > $day) AND piece_id IN (SELECT piece_id FROM asked_pieces)
);
