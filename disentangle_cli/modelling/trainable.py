"""What the training loop needs of a model that can be trained."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from disentangle_cli.architectures import ARCHITECTURES
from disentangle_cli.config import TrainConfig
from disentangle_cli.latents import Latents
from disentangle_cli.modelling.compiled import Compiler
from disentangle_cli.modelling.graph import IterationGraph
from disentangle_cli.networks.architecture import Architecture
from disentangle_cli.registry import Registry

C = TypeVar("C", bound=TrainConfig)
T = TypeVar("T")


class Trainable(ABC, Generic[C]):
    """A model in training: networks, optimisers and the step that moves them.

    Everything random comes from ``self.rng``; its state, and all else that a bit-identical
    continuation needs, is in :meth:`state`.
    """

    Config: ClassVar[type[TrainConfig]]
    stackable: ClassVar[bool] = False
    """Whether many seeds can be trained as one stack."""
    compiler: Compiler | None = None
    """What makes kernels for the functions of a step; None: stock kernels."""
    graph: IterationGraph | None = None
    """What runs iterations by CUDA graphs; None: kernel by kernel."""

    def __init__(
        self, config: C, image_shape: tuple[int, int, int], seed: int, device: torch.device, bf16: bool
    ) -> None:
        self.config = config
        self.image_shape = image_shape
        self.device = device
        self.bf16 = bf16
        self.latents: Latents = config.latents.latents()
        self.rng = torch.Generator().manual_seed(seed)
        self.architecture: Architecture = ARCHITECTURES.get(config.architecture)()

    def step(self, images: Tensor, iteration: int) -> dict[str, Tensor]:
        """One training iteration on images (B, C, H, W) in [0, 1].

        Returns:
            Detached scalars to log, which hold until the next step.
        """
        constants = self.prepare(iteration)
        images = self.arrange(images)
        if self.graph is None:
            scalars = self._detached(images)
        else:
            scalars = self.graph.run(constants, self._detached, images)
        self.conclude(iteration)
        return scalars

    def _detached(self, images: Tensor) -> dict[str, Tensor]:
        return {name: value.detach() for name, value in self.iterate(images).items()}

    # The parts of a step.

    @abstractmethod
    def prepare(self, iteration: int) -> Hashable:
        """What the host does before an iteration; returns the constants that its schedules give.

        Where these are equal, :meth:`iterate` starts the same kernels with the same constants.
        """

    @abstractmethod
    def iterate(self, images: Tensor) -> dict[str, Tensor]:
        """The iteration on the device; what it draws on the host comes from :meth:`random`.

        Where recording a graph fails it is left halfway and made again: whatever it changes beyond tensors,
        such as which networks rest, must then be as before.
        """

    def conclude(self, iteration: int) -> None:
        """What follows an iteration, outside of graphs."""

    def arrange(self, images: Tensor) -> Tensor:
        """Images in the memory layout of the networks."""
        return images.to(memory_format=torch.channels_last)

    def random(self, function: Callable[[torch.Generator], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """What ``function`` draws from this run's generator, on its device."""
        return self.fed(lambda: function(self.rng))

    def fed(self, draw: Callable[[], tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
        """What ``draw`` gives on the host, on this model's device."""
        return tuple(x.to(self.device) for x in draw()) if self.graph is None else self.graph.fed(draw)

    # State.

    def keeps_state_before(self, iteration: int) -> bool:
        """Whether the state just before ``iteration`` is worth a checkpoint of its own (``switch.pt``)."""
        return False

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Tensors and plain types from which :meth:`restore` continues bit-identically."""

    @abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`state` returned."""

    @abstractmethod
    def weights(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """State dicts of the generator and the encoder for a checkpoint."""

    @abstractmethod
    def outputs(self) -> tuple[str, str]:
        """``generator_output`` and ``encoder_output`` of the checkpoint format."""

    def compiled(self, function: Callable[..., T]) -> Callable[..., T]:
        """A function of tensors and of this model's networks, with kernels of its own if these are wanted."""
        return function if self.compiler is None else self.compiler(function)

    def autocast(self) -> torch.autocast:
        """The mixed-precision context of a forward pass."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)


def upcast(outputs: Tensor) -> Tensor:
    """What a network computed in bf16, as float32: losses are never computed in less."""
    return outputs.float() if outputs.dtype is torch.bfloat16 else outputs


MODELS: Registry[type[Trainable[Any]]] = Registry("disentangle_cli.models", "model")
