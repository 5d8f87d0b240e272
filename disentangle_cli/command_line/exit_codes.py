"""Every command leaves through here: errors become a line on stderr and an exit code."""

import contextlib
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

from typer import Abort, TyperException

from disentangle_cli import streams
from disentangle_cli.command_line.printing import terminal_width
from disentangle_cli.command_line.tables import wrapped
from disentangle_cli.lines import message, shown
from disentangle_cli.nearest import did_you_mean
from disentangle_cli.output import debugging
from disentangle_cli.reporting import describe


def describe_any(error: BaseException) -> tuple[int, str]:
    """Exit code and one-line message for an exception, Typer's own included."""
    if isinstance(error, Abort):
        return describe(KeyboardInterrupt())
    if not isinstance(error, TyperException):
        return describe(error)
    context = vars(error).get("ctx")  # of those about how a command was used
    hint = f" (see `{context.command_path} --help`)" if context is not None else ""
    return error.exit_code, message(_in_our_words(error.format_message().rstrip("."), context) + hint)


def _in_our_words(said: str, context: Any) -> str:
    """What Typer says of a command line; what an unknown name was to be is told as everywhere else."""
    said = said.replace("Value error, ", "")
    if unknown := re.fullmatch(r"No such option: (\S+).*", said):
        return f"No such option: {unknown[1]}{did_you_mean(unknown[1], _options(context))}"
    if unknown := re.fullmatch(r"No such command '(.*?)'(\. .*)?", said):
        return f"No such command '{unknown[1]}'{did_you_mean(unknown[1], list(context.command.commands))}"
    if unknown := re.fullmatch(r"Invalid value .*?'([^']*)' is not one of (.*)", said):
        return said + did_you_mean(unknown[1], re.findall(r"'([^']*)'", unknown[2]))
    return said


def _options(context: Any) -> list[str]:
    options = context.command.get_params(context)
    names = [name for option in options for name in [*option.opts, *option.secondary_opts]]
    return [name for name in names if name.startswith("--")]


def _is_help(error: BaseException) -> bool:
    """Whether Typer has answered a command without arguments by its help (the class is private there)."""
    return type(error).__name__ == "NoArgsIsHelpError"


def end_of_thread(arguments: threading.ExceptHookArgs) -> None:
    """For ``threading.excepthook``: whoever waits for a thread tells what it died of; here --debug does."""
    if debugging():
        threading.__excepthook__(arguments)


@contextlib.contextmanager
def exit_codes() -> Iterator[None]:
    """Run the block; turn what it raises into a line on stderr and ``SystemExit``."""
    try:
        yield
        sys.stdout.flush()
        streams.check_stdout()
    except (Exception, KeyboardInterrupt) as error:
        code, said = describe_any(error)
        if debugging():
            sys.stderr.writelines(f"{shown(line)}\n" for line in traceback.format_exc().splitlines())
        if _is_help(error):
            sys.stderr.write(vars(error).get("message", ""))  # empty when rich has printed it
        else:
            line = f"error: {said}" if code != 130 else said
            sys.stderr.writelines(f"{part}\n" for part in wrapped(line, terminal_width(sys.stderr)))
        raise SystemExit(code) from None
