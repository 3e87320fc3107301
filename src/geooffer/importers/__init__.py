"""Files in, typed nouns out: GeoJSON, CSV, traces.

Bad rows are data: each comes back with place and reason.
"""
