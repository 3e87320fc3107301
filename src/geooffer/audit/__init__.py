"""The audit log: what was decided, changed, read and refused, by whom; chained, signed, encrypted per person."""
