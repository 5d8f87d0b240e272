"""What a format is that a model can be written in."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray

from disentangle_cli.errors import UsageError
from disentangle_cli.modelling.loaded import LoadedModel
from disentangle_cli.registry import Registry

Arrays = NDArray[Any]


@dataclass(frozen=True)
class Opened:
    """What was written, read back by the library that its users read it with.

    Attributes:
        generate: (n, L) float32 latents -> (n, C, H, W) images in [0, 1].
        encode: (n, C, H, W) images in [0, 1] -> (n, K) means and, where the model has a posterior, (n, K)
            log-variances.
        about: the metadata that the files hold.
    """

    generate: Callable[[Arrays], Arrays]
    encode: Callable[[Arrays], list[Arrays]]
    about: dict[str, Any]


class Target(ABC):
    """A format; made for one model, which is on the CPU."""

    files: ClassVar[tuple[str, ...]]
    """Names of the files in the folder of an export."""
    tolerance: ClassVar[float]
    """By how much an image, or a code in units of the largest code (at least 1), may differ."""

    def __init__(self, model: LoadedModel) -> None:
        self.model = model

    @classmethod
    @abstractmethod
    def need(cls) -> None:
        """Raise UsageError where a package is not installed."""

    @abstractmethod
    def write(self, folder: Path, about: dict[str, Any]) -> None:
        """Write :attr:`files` into ``folder``, with the metadata ``about`` in them.

        Raises:
            UsageError: the model cannot be written so.
        """

    @abstractmethod
    def open(self, folder: Path) -> Opened:
        """Read what :meth:`write` wrote."""

    @abstractmethod
    def lines(self, folder: Path) -> list[str]:
        """Python that loads the files in ``folder``, makes ``images`` of ``latents``, then ``codes``."""


EXPORTS: Registry[type[Target]] = Registry("disentangle_cli.exports", "format of an export")


def refuse_foreign(model: LoadedModel, to: str) -> None:
    """Refuse a model whose networks are ONNX graphs from elsewhere.

    Raises:
        UsageError: it is one.
    """
    if model.config["architecture"]["name"] == "onnx":
        raise UsageError(
            f"--to {to}: this model holds ONNX graphs from elsewhere and no weights of dcr's networks; "
            "--to onnx gives them back"
        )
