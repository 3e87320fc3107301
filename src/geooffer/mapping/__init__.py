"""Maps: a catalog, what looks wrong in it, and what happened on a walk, as one page that needs no network."""
