"""Files and folders that are data sets: one file for each format, found by :data:`FORMATS`."""
