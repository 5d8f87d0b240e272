import pytest

from disentangle_cli import output
from disentangle_cli.command_line.exit_codes import exit_codes
from disentangle_cli.errors import UsageError


def test_errors_become_one_line_and_an_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped, exit_codes():
        raise UsageError("x.pt: no")
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "error: x.pt: no\n"


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    output.configure(debug=True)
    try:
        with pytest.raises(SystemExit), exit_codes():
            raise KeyError("boom")
    finally:
        output.configure(debug=False)
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("error: internal error: KeyError")
