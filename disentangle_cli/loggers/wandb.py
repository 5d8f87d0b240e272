"""Weights & Biases: a run of a project there, or beside the run with ``WANDB_MODE=offline``."""

import os
from collections.abc import Mapping

from disentangle_cli.errors import RunError
from disentangle_cli.extras import need
from disentangle_cli.training.loggers import LOGGERS, PROJECT, Logger, Start

LOCAL = ("offline", "disabled", "dryrun")
"""Values of ``WANDB_MODE`` that need no account."""


@LOGGERS.register("wandb")
class Wandb(Logger):
    """The library's environment variables hold: ``WANDB_MODE``, ``WANDB_PROJECT``, ``WANDB_ENTITY``..."""

    title = "wandb"

    @staticmethod
    def need() -> None:
        need("wandb", "wandb", what="--logger wandb", name="wandb")

    def __init__(self, start: Start) -> None:
        import wandb

        # asked here, or it would ask at the terminal, in the middle of a progress bar
        if os.environ.get("WANDB_MODE") not in LOCAL and not wandb.login(prompt=False):
            raise RunError("nobody is logged in: run `wandb login`, or set WANDB_MODE=offline")
        known = start.known("wandb")
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=start.stem,
            id=known,
            resume="allow" if known else None,
            dir=os.environ.get("WANDB_DIR", str(start.folder)),
            config=dict(start.settings),
            settings=wandb.Settings(silent=True, console="off", reinit="create_new"),
        )
        if not known:
            start.remember("wandb", self._run.id)
        self._next = self._run.step

    def write(self, iteration: int, scalars: Mapping[str, float]) -> None:
        if iteration >= self._next:  # steps only go up there; what it has is what comes again
            self._run.log(dict(scalars), step=iteration)

    def close(self, complete: bool) -> None:
        self._run.finish(exit_code=0 if complete else 1)
