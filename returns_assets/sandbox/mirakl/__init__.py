"""The Mirakl operations that the sandbox answers, one module per subject."""
