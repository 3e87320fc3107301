"""Nouns: units, limits, verdicts, columns, catalog, policy, records. NumPy and the standard library only."""
