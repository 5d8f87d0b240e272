"""What the training loop needs of a model that can be trained."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from disentangle_cli.architectures import ARCHITECTURES, make_architecture
from disentangle_cli.config import AUTO, Milestone, TrainConfig
from disentangle_cli.errors import UsageError
from disentangle_cli.latents import Latents
from disentangle_cli.modelling.adam import adam_state, restore_adam
from disentangle_cli.modelling.engine import Engine
from disentangle_cli.modelling.window import Images
from disentangle_cli.networks.architecture import Architecture, in_words
from disentangle_cli.progress import Phase
from disentangle_cli.registry import Registry

C = TypeVar("C", bound=TrainConfig)


class Trainable(ABC, Generic[C]):
    """A model in training: networks, optimisers and the iteration that moves them.

    Everything random comes from ``self.rng``; its state, and all else that a bit-identical
    continuation needs, is in :meth:`state`.
    """

    Config: ClassVar[type[TrainConfig]]
    architectures: ClassVar[tuple[str, ...]] = ()
    """Architectures that ``auto`` chooses from: the first that makes images of the size."""
    any_size: ClassVar[str | None] = None
    """An architecture for images of any size, which messages name."""
    gpu_preset: ClassVar[str] = ""
    """The preset for a GPU where none is named, if it is another than elsewhere."""
    stackable: ClassVar[bool] = False
    """Whether many seeds can be trained as one stack."""
    watched: ClassVar[dict[str, str]] = {}
    """The scalars that are shown while it trains, and what they are called there, most important first."""

    @classmethod
    def stands_alone(cls, config: C) -> str | None:
        """Why seeds of this configuration cannot be stacked, though the model can, and what to do."""
        return None

    @classmethod
    def phases(cls, config: C) -> list[Phase]:
        """Which iterations take longer than others, for the time that a run is expected to take."""
        return [Phase(0, 1.0)]

    @classmethod
    def milestones(cls, config: C) -> list[Milestone]:
        """Where the schedules of a run change what is trained, in the order of its iterations."""
        return []

    def __init__(
        self, config: C, image_shape: tuple[int, int, int], seed: int, device: torch.device, bf16: bool
    ) -> None:
        self.config = config = self.fitted(config, *image_shape[1:])
        self.image_shape = image_shape
        self.device = device
        self.bf16 = bf16
        self.latents: Latents = config.latents.latents()
        self.rng = torch.Generator().manual_seed(seed)
        self.architecture: Architecture = make_architecture(config.architecture, self.architecture_options())
        self.players: dict[str, nn.Module] = {}
        """The networks that are trained, by name."""
        self.averages: dict[str, nn.Module] = {}
        """Running averages of players, where there are some."""
        self.kept: dict[str, nn.Module] = {}
        """Further networks, which are no players."""
        self.optimisers: dict[str, torch.optim.Optimizer] = {}

    @classmethod
    def fitted(cls, config: C, height: int, width: int) -> C:
        """``config`` with the name of networks for images of a size: its own, or what ``auto`` stands for.

        Raises:
            UsageError: there are none; says for which sizes there are.
        """
        by_size = config.architecture == AUTO
        names = cls.architectures if by_size else (config.architecture,)
        if not names:
            raise UsageError("architecture: there is none to choose by size; name one")
        if found := _that_make(names, height, width):
            return config.model_copy(update={"architecture": found[0]})
        sizes = in_words(size for name in names for size in ARCHITECTURES.get(name)().sizes)
        there = f"there are networks for {sizes}" if by_size else f"{config.architecture} makes {sizes}"
        if others := _that_make(cls.architectures, height, width):
            there += f" and {others[0]} such (--set architecture={AUTO})"
        elif cls.any_size and height == width:
            there += f" and {cls.any_size} any size (--set architecture={cls.any_size})"
        raise UsageError(f"images of {height}x{width}, but {there}")

    def architecture_options(self) -> dict[str, Any]:
        """Options of the architecture (JSON types) that are not its defaults; a checkpoint holds them."""
        return {}

    # The parts of an iteration.

    def survey(self, iteration: int, images: Images) -> None:
        """Look at the data set before an iteration, where a model has to."""

    def choose(self, rows: NDArray[np.int64], iteration: int) -> NDArray[np.int64]:
        """The rows (B,) of the batch of an iteration: as they come, or others in their place."""
        return rows

    @abstractmethod
    def prepare(self, iteration: int) -> Any:
        """What the host does before an iteration; returns what the model's schedules give for it.

        That is a frozen dataclass (None: no schedules). Where these are equal, :meth:`iterate` starts the
        same kernels with the same constants.
        """

    @abstractmethod
    def iterate(self, images: Tensor, schedule: Any, engine: Engine) -> dict[str, Tensor]:
        """The iteration on the device, on images (B, C, H, W) in [0, 1]; returns scalars to log.

        ``schedule`` is what :meth:`prepare` returned; ``engine`` carries out passes, updates and draws. Where
        recording a graph fails the iteration is left halfway and made again: whatever it changes beyond
        tensors, such as which networks are frozen, must then be as before.
        """

    def conclude(self, iteration: int) -> None:
        """What follows an iteration, outside of graphs."""

    def averages_follow(self) -> None:
        """Let the averages begin at the present weights."""
        for name, average in self.averages.items():
            average.load_state_dict(self.players[name].state_dict())

    # State.

    def keeps_state_before(self, iteration: int) -> bool:
        """Whether the state just before ``iteration`` is worth a checkpoint of its own (``switch.pt``)."""
        return False

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Every network whose state matters, the averaged ones included."""
        return self.players | {f"average_{name}": net for name, net in self.averages.items()} | self.kept

    def state(self) -> dict[str, Any]:
        """Tensors and plain types from which :meth:`restore` continues bit-identically."""
        return {
            "networks": {name: net.state_dict() for name, net in self.networks.items()},
            "optimisers": {name: adam_state(optimiser) for name, optimiser in self.optimisers.items()},
            "rng": self.rng.get_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""
        for name, net in self.networks.items():
            net.load_state_dict(state["networks"][name])
        for name, optimiser in self.optimisers.items():
            restore_adam(optimiser, state["optimisers"][name])
        self.rng.set_state(state["rng"])

    @abstractmethod
    def weights(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """State dicts of the generator and the encoder for a checkpoint."""

    @abstractmethod
    def outputs(self) -> tuple[str, str]:
        """``generator_output`` and ``encoder_output`` of the checkpoint format."""

    def load_weights(self, generator: dict[str, Tensor], encoder: dict[str, Tensor]) -> None:
        """Take over what :meth:`weights` of a trained model returned, before the first iteration.

        Raises:
            UsageError: they do not fit, or the model has no such beginning.
        """
        raise UsageError("this model cannot start from the weights of another")

    def autocast(self) -> torch.autocast:
        """The mixed-precision context of a forward pass."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)


def _that_make(names: Sequence[str], height: int, width: int) -> list[str]:
    """Those of architectures that make images of a size."""
    return [name for name in names if ARCHITECTURES.get(name)().makes(height, width)]


def upcast(outputs: Tensor) -> Tensor:
    """What a network computed in bf16, as float32: losses are never computed in less."""
    return outputs.float() if outputs.dtype is torch.bfloat16 else outputs


MODELS: Registry[type[Trainable[Any]]] = Registry("disentangle_cli.models", "model")
