"""Benchmarks of what the client costs."""
