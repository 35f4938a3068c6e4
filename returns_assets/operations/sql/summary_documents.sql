-- documents by the marketplace their events were routed to; one document may speak of several
SELECT marketplace, count(DISTINCT document_id) AS documents
FROM rebound_returns
WHERE day BETWEEN ? AND ? AND marketplace IS NOT NULL
GROUP BY marketplace
ORDER BY marketplace;
