"""What Python callers hand in, made what the rest of the package takes."""

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from disentangle_cli.devices import pick_device
from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.model import AnyModel, Model, as_model
from disentangle_cli.models import load_model

P = ParamSpec("P")
R = TypeVar("R")
Settings = Mapping[str, Any] | Iterable[str]
"""Settings by dotted keys (``{"info.weight": 0.5}``), nested (``{"info": {"weight": 0.5}}``), or as texts."""

_NAMES = {"set": "settings", "method": "methods", "print-config": "settings"}
"""Arguments that have other names than the options."""


def speaks_of_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """``function`` whose errors name its arguments where they name the options of its command."""

    @functools.wraps(function)
    def called(*arguments: P.args, **named: P.kwargs) -> R:
        try:
            return function(*arguments, **named)
        except UsageError as error:
            text = re.sub(r"(?<![\w-])--([a-z][a-z-]*)", _argument, str(error))
            raise type(error)(text) from error.__cause__

    return called


def _argument(option: re.Match[str]) -> str:
    """``--labels-check`` -> ``labels_check``."""
    return _NAMES.get(option[1], option[1].replace("-", "_"))


def split(settings: Settings | None) -> tuple[Mapping[str, Any], list[str]]:
    """Settings as a mapping and as texts; one of them is empty."""
    if isinstance(settings, Mapping):
        return settings, []
    return {}, [settings] if isinstance(settings, str) else list(settings or ())


def written(value: Any) -> str:
    """A value as ``--set`` takes it."""
    if isinstance(value, str):
        return value
    plain = value.tolist() if hasattr(value, "tolist") else value
    return json.dumps(list(plain) if isinstance(plain, tuple | range) else plain)


def model_of(model: AnyModel | str | Path, device: str = "cpu") -> Model:
    """A model, or the checkpoint of one loaded."""
    return load_model(model, pick_device(device)) if isinstance(model, str | Path) else as_model(model)
