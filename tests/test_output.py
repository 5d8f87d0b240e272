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
