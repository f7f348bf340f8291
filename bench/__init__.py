"""Benchmarks that compare Huntaze with stock controls in one run; `python -m bench` prints the table."""
