-- dispatch_carriers: the codes that carriers.csv gives today, and whether the operator's list has them. In the newest day's partition only:
-- one warning a marketplace is enough, and it closes as soon as a later day is there.
SELECT
    row.carrier, row.carrier_code,
    CASE
        WHEN row.carrier_code IN (SELECT code FROM mirakl_reference WHERE marketplace = $marketplace AND day = $day AND list = 'carrier') THEN 'live'
        ELSE 'not in the list'
    END AS listed
FROM (SELECT unnest(from_json($carriers_in_force::JSON, '[{"carrier": "VARCHAR", "carrier_code": "VARCHAR"}]')) AS row)
WHERE NOT EXISTS (FROM mirakl_reference WHERE marketplace = $marketplace AND day > $day AND list = 'carrier')
ORDER BY row.carrier
