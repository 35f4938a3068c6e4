"""`make demo` and `make ui`: the sandbox as a child process and a story of several days told with the real product."""
