"""Models: how they are trained (one file each) and used (:func:`load_model`)."""

from disentangle_cli.modelling.loaded import LoadedModel, Model, load_model, save_model

__all__ = ["LoadedModel", "Model", "load_model", "save_model"]
