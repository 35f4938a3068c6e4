"""The entry points that people type: command line, demo, summary, documents made from the code. The top layer: nothing imports it."""
