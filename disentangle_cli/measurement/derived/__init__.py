"""Arrays that several metrics share, one file each; computed once for all metrics that ask."""
