"""What a model can be written as for other programs: one file per format."""
