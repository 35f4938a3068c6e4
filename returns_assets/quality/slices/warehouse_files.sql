-- warehouse_files: every file of the day that the warehouse sent, with its rows, and those that were kept or refused.
WITH
files AS (
    SELECT
        unnest($file_documents::BIGINT[]) AS document_id, unnest($file_names::VARCHAR[]) AS name,
        unnest($file_rows::BIGINT[]) AS file_rows, unnest($file_refused::BIGINT[]) AS refused
),
kept AS (  -- a row that stands for several pieces is still one row of its file
    SELECT document_id, count(DISTINCT line_number) AS kept FROM warehouse_events WHERE day = $day GROUP BY document_id
)
SELECT
    coalesce(f.document_id, k.document_id) AS document_id, coalesce(f.name, '(no file)') AS name, coalesce(f.file_rows, 0) AS file_rows,
    coalesce(k.kept, 0) AS kept, coalesce(f.refused, 0) AS refused, coalesce(k.kept, 0) + coalesce(f.refused, 0) AS accounted
FROM files f
FULL JOIN kept k USING (document_id)
ORDER BY 1
