"""Verbs: plain functions over arrays, compiled by Numba. compile.py is the one compile policy."""
