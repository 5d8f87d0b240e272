"""MLflow: a run of an experiment, wherever ``MLFLOW_TRACKING_URI`` points."""

import os
import time
from collections.abc import Mapping
from typing import Any

from disentangle_cli.extras import need
from disentangle_cli.nested import flat
from disentangle_cli.training.loggers import LOGGERS, PROJECT, Logger, Start

PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
"""A server that does not answer may hold up a training for a minute, not for an hour."""
MOST_PARAMS = 100
"""In one request, as the server allows."""
MOST_VALUE = 500
"""Characters of a parameter."""


@LOGGERS.register("mlflow")
class Mlflow(Logger):
    """The library's environment variables hold: ``MLFLOW_TRACKING_URI``, ``MLFLOW_EXPERIMENT_NAME``..."""

    title = "MLflow"

    @staticmethod
    def need() -> None:
        need("mlflow", "mlflow", what="--logger mlflow", name="mlflow-skinny or mlflow")

    def __init__(self, start: Start) -> None:
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient
        from mlflow.entities import Param

        self._client: Any = MlflowClient()
        self._next: dict[str, int] = {}
        if known := start.known("mlflow"):
            self._id = known
            self._client.update_run(known, status="RUNNING")
            for key in self._client.get_run(known).data.metrics:
                steps = [metric.step for metric in self._client.get_metric_history(known, key)]
                self._next[key] = max(steps) + 1
            return
        experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        found = self._client.get_experiment_by_name(experiment)
        where = found.experiment_id if found else self._client.create_experiment(experiment)
        self._id = self._client.create_run(where, run_name=start.stem).info.run_id
        start.remember("mlflow", self._id)
        params = [Param(key, str(value)[:MOST_VALUE]) for key, value in flat(dict(start.settings))]
        for begin in range(0, len(params), MOST_PARAMS):
            self._client.log_batch(self._id, params=params[begin : begin + MOST_PARAMS])

    def write(self, iteration: int, scalars: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        # a store of files cannot hold both kl and kl/c1
        named = {key.replace("/", "."): value for key, value in scalars.items()}
        new = {key: value for key, value in named.items() if iteration >= self._next.get(key, 0)}
        metrics = [Metric(key, value, now, iteration) for key, value in new.items()]
        if metrics:
            self._client.log_batch(self._id, metrics=metrics)

    def close(self, complete: bool) -> None:
        self._client.set_terminated(self._id, "FINISHED" if complete else "KILLED")
