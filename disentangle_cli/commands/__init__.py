"""The command line. Each file here is one subcommand, found by its name.

``commands/<name>.py`` holds ``<name>_cli``, a function, or ``<name>_app``, a Typer with subcommands of its
own; a trailing ``_`` in a file name (``import_.py``) is not part of the command's name. No file here
imports torch, numpy or scikit-learn at module level, so that ``dcr --help`` answers at once.
"""

import importlib
import os
import pkgutil
import sys
import threading
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from disentangle_cli import __version__, output, streams
from disentangle_cli.command_line.exit_codes import end_of_thread, exit_codes
from disentangle_cli.command_line.globals import Debug, Quiet, Verbose, add_global_options
from disentangle_cli.tasks.signals import die_of_signals, unwind_on_signals


class _Root(TyperGroup):
    """The top-level group: every error leaves through one table, whoever calls it."""

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run a command line and raise ``SystemExit`` with its exit code."""
        output.configure(quiet=False, verbose=False, debug=os.environ.get("DCR_DEBUG") == "1")
        try:
            with exit_codes():
                code = super().main(*args, **{**options, "standalone_mode": False})
                if code == 130:  # how Typer reports Ctrl-C
                    raise KeyboardInterrupt
        finally:
            output.configure(quiet=True, verbose=False, debug=False)
        sys.exit(code if isinstance(code, int) else 0)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dcr {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="dcr",
    cls=_Root,
    help="Train, score, traverse and select disentangled generative models, without labels.",
    epilog="Data goes to stdout, everything else to stderr. "
    "Exit codes: 0 done, 1 failed, 2 bad usage or input, 3 a quality gate was missed, 130 interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root(
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    output.configure(quiet=quiet or None, verbose=verbose or None, debug=debug or None)


def _add_commands() -> None:
    for module in sorted(found.name for found in pkgutil.iter_modules(__path__)):
        name = module.rstrip("_")
        entry = importlib.import_module(f"{__name__}.{module}")
        if f"{name}_app" in vars(entry):
            app.add_typer(vars(entry)[f"{name}_app"], name=name)
        else:
            app.command(name)(vars(entry)[f"{name}_cli"])
    add_global_options(app)


_add_commands()


def main() -> None:
    """Run the command line of this process. A request to end unwinds like Ctrl-C: nothing half is left."""
    unwind_on_signals()
    threading.excepthook = end_of_thread
    try:
        with exit_codes():
            streams.settle()
        app()
    finally:
        die_of_signals()
