"""The warehouse's own files: their form, and the facts that their rows tell. Knows no warehouse tables, no ledger, no Dagster."""
