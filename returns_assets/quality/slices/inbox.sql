-- inbox: the day's documents as the inbox counts them and as the warehouse does.
SELECT $day::VARCHAR AS day, $inbox_documents::BIGINT AS in_inbox, count(*) AS in_warehouse
FROM rebound_documents
WHERE day = $day
HAVING count(*) > 0 OR $inbox_documents > 0
