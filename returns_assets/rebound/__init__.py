"""ReBound: its documents, how they arrive, and what they say. Knows no warehouse, no ledger, no Dagster."""
