"""The demo city and the load generator's drivers."""
