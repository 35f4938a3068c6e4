-- documents: every document of the day with the events it announced and the events that were kept.
WITH
kept AS (
    SELECT document_id, count(*) AS events
    FROM rebound_returns
    WHERE day = $day AND kind IS DISTINCT FROM 'warehouse_file'  -- those have a suite of their own
    GROUP BY document_id
)
SELECT
    coalesce(d.document_id, k.document_id) AS document_id, coalesce(d.name, '(no document)') AS name, coalesce(d.channel, '') AS channel,
    coalesce(d.events, 0)::BIGINT AS announced, coalesce(k.events, 0)::BIGINT AS kept
FROM (SELECT * FROM rebound_documents WHERE day = $day AND kind IS DISTINCT FROM 'warehouse_file') d
FULL JOIN kept k USING (document_id)
ORDER BY 1
