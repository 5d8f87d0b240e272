"""What architectures are made of: their contract, layers, spectral norm, fast convolutions."""
