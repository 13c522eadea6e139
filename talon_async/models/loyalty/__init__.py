"""Loyalty: programs, balances, ledgers, cards, and the rewards that points buy."""
