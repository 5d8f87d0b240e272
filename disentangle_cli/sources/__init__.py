"""Where models trained elsewhere come from: one file per source, each giving a checkpoint."""
