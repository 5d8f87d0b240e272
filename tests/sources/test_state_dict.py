from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from disentangle_cli.architectures.mlp import Mlp
from disentangle_cli.errors import UsageError
from disentangle_cli.importing import SOURCES
from disentangle_cli.importing.run import Target, import_one
from disentangle_cli.models import LoadedModel


def nets() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    rng = torch.Generator().manual_seed(0)
    made = Mlp([8]).generator(3, 1, 4), Mlp([8]).encoder(6, 1, 4)
    generator, encoder = (
        {k: torch.randn(v.shape, generator=rng) for k, v in net.state_dict().items()} for net in made
    )
    return generator, encoder


def foreign() -> dict[str, Tensor]:
    generator, encoder = nets()
    renamed = {f"dec.{key}": value for key, value in generator.items()}
    for part in ("weight", "bias"):
        renamed[f"enc.hidden.{part}"] = encoder[f"1.{part}"]
        mean, logvar = encoder[f"3.{part}"].chunk(2)
        renamed |= {f"enc.mu.{part}": mean, f"enc.lv.{part}": logvar}
    return renamed


MAP: dict[str, Any] = {
    "model": "my-vae",
    "options": {"hidden": [8]},
    "image": "1x4x4",
    "latents": "normal:3",
    "generator_output": "logits",
    "encoder_output": "mean-logvar",
    "generator": {"*": "dec.*"},
    "encoder": {"1.*": "enc.hidden.*", "3.*": ["enc.mu.*", "enc.lv.*"]},
}


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., tuple[Path, str, Path]]:
    def write(found: Any = None, **changes: Any) -> tuple[Path, str, Path]:
        torch.save(foreign() if found is None else found, tmp_path / "w.pt")
        described = {key: value for key, value in (MAP | changes).items() if value is not None}
        (tmp_path / "map.yaml").write_text(yaml.safe_dump(described))
        return tmp_path / "w.pt", "mlp", tmp_path / "map.yaml"

    return write


@pytest.mark.parametrize(
    "wrap",
    [
        lambda found: found,
        lambda found: {"state_dict": found, "epoch": 3},
        lambda found: {k: torch.nn.Parameter(v.half().float()) for k, v in found.items()},
    ],
)
def test_renamed_weights(files: Any, wrap: Any) -> None:
    model = LoadedModel(SOURCES.get("state-dict")(*files(wrap(foreign()))).checkpoint)
    assert (model.name, model.image_shape, model.latents.num_codes) == ("my-vae", (1, 4, 4), 3)
    generator, encoder = nets()
    for net, state in ((model.generator, generator), (model.encoder, encoder)):
        for key, value in net.state_dict().items():
            torch.testing.assert_close(value, state[key], atol=1e-2, rtol=1e-3)


def test_latents_as_in_a_checkpoint(files: Any) -> None:
    blocks = [{"name": "c", "kind": "grid", "dim": 3, "code": True, "values": [-1.0, 1.0]}]
    checkpoint = SOURCES.get("state-dict")(*files(latents=blocks)).checkpoint
    assert checkpoint.latents.to_json() == blocks


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": None}, "image is missing"),
        ({"image": "1x4"}, "CHANNELSxHEIGHTxWIDTH"),
        ({"image": "1x4x5"}, "square"),
        ({"image": "1x8x8"}, r"weight dec\.2\.weight has shape \(16, 8\), expected \(64, 8\)"),
        ({"latents": "normal:4"}, r"dec\.0\.weight has shape"),
        ({"generator": {"0.weight": "dec.0.weight"}}, r"generator: 0\.bias \(8,\) has no entry in the map"),
        ({"generator": {"*": "x.*"}}, r"for 0\.weight, weight x\.0\.weight is missing"),
        ({"generator": {"*": "dec.*", "9.bias": "dec.0.bias"}}, "no weight called 9.bias"),
        ({"encoder": {"1.*": "enc.hidden.*", "3.*": ["enc.mu.*", "enc.hidden.*"]}}, "do not join to"),
        (
            {"encoder": {"1.*": "enc.hidden.*", "3.*": ["enc.mu.*", "enc.none.*"]}},
            "enc.none.weight is missing",
        ),
        ({"encoder": {"*": 3}}, "expected a name"),
        ({"encoder": {"*.*": "a"}}, "one star"),
        ({"encoder": []}, "must map"),
        ({"encoder_output": "mean"}, "encoder_output must be codes or mean-logvar"),
        ({"options": {"deep": 1}}, "does not take options"),
        ({"other": 1}, "unknown key 'other'"),
    ],
)
def test_maps_that_do_not_fit(files: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        SOURCES.get("state-dict")(*files(**changes))
    assert "map.yaml" in str(raised.value)


def test_other_refusals(files: Any) -> None:
    path, _, map_file = files()
    with pytest.raises(UsageError, match="unknown architecture"):
        SOURCES.get("state-dict")(path, "none", map_file)
    with pytest.raises(UsageError, match="makes images of 64x64"):
        SOURCES.get("state-dict")(path, "infogan-64", files(options=None)[2])
    path, _, map_file = files(found=foreign() | {"dec.0.bias": torch.full((8,), torch.nan)})
    with pytest.raises(UsageError, match=r"w\.pt: 'dec\.0\.bias' is not finite"):
        SOURCES.get("state-dict")(path, "mlp", map_file)


def test_what_is_imported_is_not_replaced(files: Any) -> None:
    file, architecture, described = files()
    before = file.read_bytes()
    with pytest.raises(UsageError, match="is what is imported"):
        import_one("state-dict", "w", Target(file, overwrite=True), file, architecture, described)
    assert file.read_bytes() == before
