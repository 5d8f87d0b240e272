"""Files of ``torch.save``: what was checked is what is used, and nothing in them runs."""

from disentangle_cli.serialization.reading import read_tensors as read_tensors
from disentangle_cli.serialization.sealing import tensor_bytes as tensor_bytes
from disentangle_cli.serialization.sealing import unseal as unseal
from disentangle_cli.serialization.sealing import write_sealed as write_sealed
