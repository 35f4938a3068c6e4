"""Benchmarks (`make bench`): every figure of ours beside a baseline that is measured in the same run, in a process of its own."""
