"""The SQL of the slices that expectations judge, one file a slice."""
