"""Showing figures: a table for the terminal, a chart for the README."""
