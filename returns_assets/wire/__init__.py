"""What is known after a request to another system, whichever it is."""
