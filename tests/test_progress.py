import io
import sys

import pytest

from disentangle_cli import output, progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that progress displays see; its only element may be changed."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.usefixtures("speaking")
def test_progress_on_a_pipe_is_sparse(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    with output.progress(total=100, desc="training", unit="it") as bar:
        for _ in range(25):
            clock[0] += 1
            bar.update()
            bar.set_postfix_str("loss 0.5")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "training: 10/100 (10%) it, 1 it/s, 1m30s left, loss 0.5",
        "training: 20/100 (20%) it, 1 it/s, 1m20s left, loss 0.5",
    ]


@pytest.mark.usefixtures("speaking")
def test_progress_counts_are_written_out(capsys: pytest.CaptureFixture[str], clock: list[float]) -> None:
    with output.progress(total=1_100_000, desc="encoding", unit="img") as bar:
        clock[0] += 100
        bar.update(251_500)
    assert capsys.readouterr().err == "encoding: 251,500/1,100,000 (23%) img, 2,515 img/s, 5m37s left\n"


def test_progress_iterates_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(output.progress([1, 2, 3], desc="x")) == [1, 2, 3]
    assert capsys.readouterr() == ("", "")
    with pytest.raises(TypeError, match="iterate"):
        list(output.progress(total=3, desc="x"))


@pytest.mark.usefixtures("speaking")
def test_a_bar_on_a_terminal_and_messages_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", terminal)
    with output.progress(total=4, desc="bar", unit="image") as bar:
        bar.update(2)
        output.log("message")
    assert "bar:" in terminal.getvalue()
    assert "message\n" in terminal.getvalue()
    assert not progress.Progress.bars


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.6, "1m00s"), (61, "1m01s"), (7260, "2h01m"), (-5, "0s")]
)
def test_duration(seconds: float, text: str) -> None:
    assert progress.duration(seconds) == text
