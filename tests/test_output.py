import pytest

from disentangle_cli import output


def test_messages_go_to_stderr_and_only_when_configured(capsys: pytest.CaptureFixture[str]) -> None:
    output.log("unseen")
    output.warn("unseen")
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("speaking")
def test_levels(capsys: pytest.CaptureFixture[str]) -> None:
    output.log("told")
    output.detail("unseen")
    output.configure(verbose=True)
    output.detail("detail")
    output.warn("two\nlines")
    output.configure(quiet=True)
    output.warn("unseen")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "told\ndetail\nwarning: two lines\n"


def test_what_is_announced_stands_in_front_of_what_comes_next(
    speaking: None, capsys: pytest.CaptureFixture[str]
) -> None:
    output.announce([("scoring", "a.pt"), ("metrics", "mig")])
    assert capsys.readouterr().err == ""
    output.log("read a.pt")
    output.log("more")
    assert capsys.readouterr().err == "scoring  a.pt\nmetrics  mig\nread a.pt\nmore\n"
    output.announce([("scoring", "b.pt")])
    output.configure(quiet=False)  # another command: an error came first
    output.log("c.pt")
    assert capsys.readouterr().err == "c.pt\n"


def test_an_announcement_waits_for_work_that_begins(capsys: pytest.CaptureFixture[str]) -> None:
    output.configure(quiet=False)
    try:
        output.announce([("scoring", "a.pt")])
        with output.progress(total=1, desc="models", begins=False):
            assert capsys.readouterr().err == ""
            with output.progress(total=1, desc="scoring"):
                assert capsys.readouterr().err == "scoring  a.pt\n"
    finally:
        output.configure(quiet=True)
