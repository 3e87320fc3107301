"""The machine: tables, fold, catalog compilation, index, pipeline. Pure: no I/O, no clock, no random number."""
