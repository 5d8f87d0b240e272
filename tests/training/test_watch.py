"""The page about runs that is written while they are trained."""

import re
import time
from pathlib import Path

import pytest

import disentangle_cli as dcr
from disentangle_cli.api.train import Trained
from disentangle_cli.checkpoint import load_checkpoint
from disentangle_cli.errors import Interrupted, UsageError
from disentangle_cli.training import watch
from disentangle_cli.training.watch import check_page, when_of

TINY = {"iterations": 12, "batch_size": 4, "architecture": "mlp", "log": {"every": 2}}


def train(dots: str, folder: Path, **options: object) -> Trained:
    return dcr.train("vae", dots, settings=TINY, out=folder / "ck", precision="fp32", **options)  # type: ignore[arg-type]


def state(page: Path) -> str:
    found = re.search(r'data-live="state"[^>]*>(.*?)</p>', page.read_text(), re.S)
    assert found
    return found[1]


def test_a_pool_ends_with_the_last_state_and_the_same_weights(dots: str, tmp_path: Path) -> None:
    page = tmp_path / "pages" / "w.html"
    watched = train(dots, tmp_path, seeds=[0, 1], jobs=1, watch=page)
    plain = train(dots, tmp_path / "plain", seeds=[0, 1], jobs=1)
    for one, other in zip(watched.paths, plain.paths, strict=True):
        assert load_checkpoint(one).content_hash() == load_checkpoint(other).content_hash()
    text = page.read_text()
    assert state(page) == f"Done: 2 runs are complete, in {tmp_path / 'ck'}."
    assert '"finished":true' in text
    assert text.count("complete</span>") == 2
    assert text.count("at the end</figcaption>") == 2
    assert "2 seeds" in text
    assert 'aria-label="loss over iteration' in text
    assert len(list((tmp_path / "ck").glob("*/traversal-00*.png"))) == 24  # of either run 12
    assert [path.name for path in page.parent.iterdir()] == ["w.html"]


def test_a_stopped_run_says_so_and_a_resumed_one_takes_the_page_over(dots: str, tmp_path: Path) -> None:
    page = tmp_path / "w.html"
    with pytest.raises(Interrupted):
        train(dots, tmp_path, watch=page, time_limit=1e-9)
    assert state(page).startswith("Ended: The run is not complete: ")
    assert "time limit reached" in state(page)
    assert "note caution" in page.read_text()
    train(dots, tmp_path, watch=page, resume=True)
    assert state(page).startswith("Done: The run is complete, in ")


def test_a_run_that_cannot_start_says_why(tmp_path: Path, dots: str) -> None:
    page = tmp_path / "w.html"
    with pytest.raises(UsageError):
        dcr.train("infogan", dots, settings={"iterations": 12}, out=tmp_path, watch=page)
    assert state(page).startswith("Ended: ")
    assert '"finished":true' in page.read_text()


def test_what_an_earlier_run_left_is_not_shown(
    dots: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(dots, tmp_path)
    time.sleep(0.1)
    seen = []
    drawn = watch.draw_curves_page

    def look(*arguments: object, **named: object) -> str:
        seen.append(drawn(*arguments, **named))  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(watch, "draw_curves_page", look)
    train(dots, tmp_path, watch=tmp_path / "w.html", overwrite=True)
    assert "No row of a log is there yet" in seen[0]
    assert "waiting" in seen[0]
    assert "<figcaption>" not in seen[0]
    assert "complete" in seen[-1]


def test_a_page_that_cannot_be_drawn_stops_no_run(
    dots: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    speaking: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    drawn = watch.draw_curves_page

    def fail(chart: object, *arguments: object, **named: object) -> str:
        if len(list((tmp_path / "ck").glob("*.pt"))):
            raise ZeroDivisionError("in a page")
        return drawn(chart, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(watch, "draw_curves_page", fail)
    assert train(dots, tmp_path, watch=tmp_path / "w.html").paths[0].exists()
    assert "no more pages" in capsys.readouterr().err


def test_it_looks_again_while_runs_are_under_way(
    dots: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOK_EVERY", 0)
    written: list[str] = []
    write = watch.write_atomic

    def keep(path: Path, text: str) -> Path:
        written.append(text)
        return write(path, text)

    monkeypatch.setattr(watch, "write_atomic", keep)
    dcr.train(
        "vae", dots, settings=TINY | {"iterations": 600, "log": {"every": 5}}, out=tmp_path, precision="fp32",
        watch=tmp_path / "w.html",
    )  # fmt: skip
    assert len(written) > 2
    between = [text for text in written if '"finished":false' in text and "<progress" in text]
    values = [int(re.search(r'<progress[^>]*value="(\d+)"', text)[1]) for text in between]  # type: ignore[index]
    assert values == sorted(values)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("w.txt", None, r"\.html"),
        ("w.html", "<html>mine</html>", "no page of a training"),
        ("d.html", 0, "a folder"),
    ],
)
def test_no_other_file_is_replaced(name: str, content: object, words: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if content == 0:
        path.mkdir()
    elif content:
        path.write_text(str(content))
    with pytest.raises(UsageError, match=words):
        check_page(path)


def test_pictures_say_when_they_are_of() -> None:
    assert when_of(Path("traversal-0002000.png")) == "after 2,000 iterations"
    assert "7,850" in when_of(Path("traversal-switch-7850.png"))
    assert when_of(Path("traversal-final.png")) == "at the end"
