"""Mirakl's seller API: client, errors, call budget, landing and parsing of answers, refunds. Knows HTTP, not Dagster and not the ledger."""
