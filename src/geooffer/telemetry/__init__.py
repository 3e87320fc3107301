"""What the rooms tell of their own work, in plain figures; operation/ makes metrics, traces and logs of it."""
