"""The commands of `returns`, one module a topic: arguments, a call into the product, a printed answer. No logic of their own."""
