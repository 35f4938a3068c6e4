"""Stand-ins of both APIs with a clock, a world and a fault catalogue: a program of its own that imports nothing of the product."""
