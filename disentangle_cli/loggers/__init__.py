"""Where the scalars of a run go besides ``log.csv``: one file per library that shows them."""
