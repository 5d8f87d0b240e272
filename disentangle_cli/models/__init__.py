"""Models: how they are trained (one file each) and used (:func:`load_model`)."""

from disentangle_cli.modelling.loaded import LoadedModel, load_model, save_model
from disentangle_cli.modelling.model import AnyModel, Model, as_model

__all__ = ["AnyModel", "LoadedModel", "Model", "as_model", "load_model", "save_model"]
