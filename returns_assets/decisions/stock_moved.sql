-- Of the pieces asked about, those that another partition decides by now: the events give them to it, or it is a later day that has them.
SELECT piece_id FROM belonging WHERE marketplace <> $marketplace OR day > $day
UNION
SELECT piece_id FROM stock_actions WHERE day > $day AND piece_id IN (SELECT piece_id FROM asked_pieces)
