"""``fid``, ``kid`` and the feature extractor against the real torch-fidelity, where it is installed."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from disentangle_cli.errors import UsageError
from disentangle_cli.metrics import Arrays, evaluate
from disentangle_cli.scoring.features import features, load_extractor


@pytest.fixture(scope="module")
def fidelity() -> Any:
    try:
        import torch_fidelity
        import torch_fidelity.utils
    except Exception as error:  # a torchvision built for another torch raises more than ImportError
        pytest.skip(f"torch-fidelity cannot be used: {error}")
    return torch_fidelity


def test_values_are_those_of_torch_fidelity(fidelity: Any) -> None:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric

    rng = np.random.default_rng(0)
    real = rng.normal(size=(300, 8)) @ rng.normal(size=(8, 8)) + 3
    made = rng.normal(size=(300, 8)) @ rng.normal(size=(8, 8)) + 3.5
    ours = evaluate(["fid", "kid"], Arrays(real_features=real, generated_features=made),
                    settings={"kid": {"subsets": 400, "size": 100}})  # fmt: skip
    first, second = (torch.tensor(x) for x in (made, real))
    statistics = (fid_features_to_statistics(x) for x in (first, second))
    distance = fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]
    assert ours["fid"]["score"] == pytest.approx(distance, rel=1e-6)
    theirs = kid_features_to_metric(first, second, kid_subsets=400, kid_subset_size=100, verbose=False)
    # both draw random subsets
    error = (theirs["kernel_inception_distance_std"] + ours["kid"]["std_subsets"]) / 20
    assert ours["kid"]["score"] == pytest.approx(theirs["kernel_inception_distance_mean"], abs=4 * error)


def test_the_extractor_is_called_as_it_wants(fidelity: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Tiny(fidelity.FeatureExtractorBase):  # type: ignore[misc]
        def __init__(self, name: str, features_list: list[str], **kwargs: Any) -> None:
            assert kwargs == {"verbose": False}
            super().__init__(name, features_list)

        @staticmethod
        def get_provided_features_list() -> tuple[str, ...]:
            return ("64", "2048")

        def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
            assert pixels.dtype == torch.uint8
            assert pixels.shape[1:] == (3, 4, 4)
            return tuple(pixels.flatten(1)[:, :2].float() for _ in self.features_list)

    registry = fidelity.utils.FEATURE_EXTRACTORS_REGISTRY
    monkeypatch.setitem(registry, "inception-v3-compat", Tiny)
    found = features(load_extractor("cpu"), [torch.ones(5, 1, 4, 4), torch.zeros(3, 1, 4, 4)], "cpu")
    assert found.tolist() == [[255.0, 255.0]] * 5 + [[0.0, 0.0]] * 3


def test_weights_that_cannot_be_had(fidelity: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    source = "torch_fidelity.feature_extractor_inceptionv3.URL_INCEPTION_V3"
    monkeypatch.setattr(source, "http://127.0.0.1:9/nothing-listens-here.pth")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="weights of torch-fidelity's Inception cannot be loaded"):
        load_extractor("cpu")
