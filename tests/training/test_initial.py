"""``--init-from``: training that begins with the weights of a trained model."""

from pathlib import Path

import pytest
import torch

from disentangle_cli.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from disentangle_cli.errors import UsageError
from disentangle_cli.latents import Latents
from disentangle_cli.modelling.trainable import MODELS
from disentangle_cli.models import load_model
from disentangle_cli.training import Run, configure
from disentangle_cli.training.initial import start_from
from tests.training.conftest import train

SHORT = ["batch_size=4", "log.images_every=0", "log.score_every=0"]


def request(squares: Path, out: Path, model: str, iterations: int, *sets: str, **more: object) -> Run:
    config = configure(
        model, "demo" if model == "infogan-cr" else None, None, [*SHORT, f"iterations={iterations}", *sets]
    )
    return Run(model, config, str(squares), out=out, precision="fp32", **more)  # type: ignore[arg-type]


def fresh(run: Run, seed: int = 5):  # type: ignore[no-untyped-def]
    return MODELS.get(run.model)(run.config, (1, 64, 64), seed, torch.device("cpu"), False)


@pytest.mark.parametrize("model", ["infogan-cr", "beta-vae", "ib-gan"])
def test_a_model_begins_where_another_ended(squares: Path, tmp_path: Path, model: str) -> None:
    run = request(squares, tmp_path, model, 3)
    path = train(run)
    begun = fresh(run)
    start_from(path, begun)
    for found, wanted in zip(
        begun.weights(), (load_checkpoint(path).generator, load_checkpoint(path).encoder), strict=True
    ):
        assert found.keys() == wanted.keys()
        for key, value in wanted.items():
            one, other = found[key].double().flatten(), value.double().flatten()
            # under spectral norm the length is that of settled vectors, where a run keeps ones that follow
            assert one @ other >= (1 - 1e-9) * one.norm() * other.norm()
            torch.testing.assert_close(one.norm(), other.norm(), rtol=0.1, atol=0)


def test_fine_tuning_differs_from_a_fresh_run_and_says_so(squares: Path, tmp_path: Path) -> None:
    path = train(request(squares, tmp_path, "beta-vae", 3, name="first"))
    tuned = train(request(squares, tmp_path, "beta-vae", 2, name="tuned", init_from=path))
    alone = train(request(squares, tmp_path, "beta-vae", 2, name="alone", seed=9))
    said = load_checkpoint(tuned).provenance["init_from"]
    assert said == {"file": "first.pt", "content": load_checkpoint(path).content_hash()}
    assert "init_from" not in load_checkpoint(alone).provenance
    weights = [load_model(p).generator.state_dict() for p in (path, tuned, alone)]
    (first, second, third) = ({k: v.double() for k, v in w.items()} for w in weights)
    far = sum(float((first[k] - third[k]).square().sum()) for k in first)
    near = sum(float((first[k] - second[k]).square().sum()) for k in first)
    assert 0 < near < far / 10


def test_a_run_with_other_initial_weights_is_another_run(squares: Path, tmp_path: Path) -> None:
    path = train(request(squares, tmp_path, "beta-vae", 3, name="first"))
    run = request(squares, tmp_path, "beta-vae", 2, name="tuned", init_from=path)
    train(run)
    with pytest.raises(UsageError, match="another configuration"):
        train(request(squares, tmp_path, "beta-vae", 2, name="tuned"))


def other_latents(path: Path, out: Path) -> Path:
    found = load_checkpoint(path)
    fewer = Latents.from_json(found.latents.to_json()[:1])
    changed = Checkpoint(found.model, found.config, found.image_shape, fewer, found.generator, found.encoder)
    return save_checkpoint(out / "other.pt", changed)


def test_what_does_not_fit_is_refused(squares: Path, tmp_path: Path) -> None:
    gan = train(request(squares, tmp_path, "infogan-cr", 2))
    with pytest.raises(
        UsageError, match=r"--init-from .*: its architecture is infogan-64, but this run's is study-64"
    ):
        train(request(squares, tmp_path, "beta-vae", 2, init_from=gan))
    with pytest.raises(UsageError, match="its latent specification is"):
        train(request(squares, tmp_path, "infogan-cr", 2, name="b", init_from=other_latents(gan, tmp_path)))
    with pytest.raises(UsageError, match=r"none\.pt: No such file"):
        train(request(squares, tmp_path, "infogan-cr", 2, name="c", init_from=tmp_path / "none.pt"))
