"""TensorBoard: event files in the run's folder."""

import os
from collections.abc import Mapping

from disentangle_cli.extras import need
from disentangle_cli.training.loggers import LOGGERS, Logger, Start


@LOGGERS.register("tensorboard")
class TensorBoard(Logger):
    """One that goes on drops what was written from its iteration on."""

    title = "TensorBoard"

    @staticmethod
    def need() -> None:
        need("tensorboard", "tensorboard", what="--logger tensorboard", name="TensorBoard")

    def __init__(self, start: Start) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(start.folder), purge_step=start.iteration)

    def write(self, iteration: int, scalars: Mapping[str, float]) -> None:
        for key, value in scalars.items():
            self._writer.add_scalar(key, value, iteration)

    def close(self, complete: bool) -> None:
        self._writer.close()
