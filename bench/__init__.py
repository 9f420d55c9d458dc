"""Benchmarks: each file measures one claim of the product and says it in RESULTS.md."""
