"""The assets: thin, one module a group. They read nothing and decide nothing themselves, steps/ does."""
