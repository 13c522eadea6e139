"""Loyalty: ledgers of points, the programs and cards they belong to, and the rewards they buy."""
