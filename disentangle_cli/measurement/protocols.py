"""Under which protocols metrics are computed; imports nothing, as shells complete the names."""

PROTOCOLS = ("infogan-cr", "disentanglement-lib")
PAPER = ("factor_vae", "dci", "sap", "explicitness", "modularity", "mig", "beta_vae")
"""The metrics of the InfoGAN-CR paper."""
