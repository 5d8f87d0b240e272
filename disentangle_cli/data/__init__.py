"""What data sets are made of: their contract, files and folders, labels, caches."""
