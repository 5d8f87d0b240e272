"""The command line. Each file here is one subcommand, found by its name.

``commands/<name>.py`` holds ``<name>_cli``, a function, or ``<name>_app``, a Typer with subcommands of its
own; a trailing ``_`` in a file name (``import_.py``) is not part of the command's name. Every command has two
examples (``@examples``), and its place in :data:`PANELS`. No file here imports torch, numpy or scikit-learn
at module level, so that ``dcr --help`` answers at once.
"""

import importlib
import os
import pkgutil
import sys
import threading
from typing import Annotated, Any, NoReturn

import typer

from disentangle_cli import __version__, output, streams
from disentangle_cli.command_line import closing
from disentangle_cli.command_line.examples import add_examples, epilog
from disentangle_cli.command_line.exit_codes import end_of_thread, exit_codes
from disentangle_cli.command_line.flags import Group
from disentangle_cli.command_line.globals import Debug, Quiet, Verbose, add_global_options
from disentangle_cli.command_line.terminal import screen
from disentangle_cli.tasks.signals import die_of_signals, unwind_on_signals

PANELS = {
    "Commands: train and look": ("train", "generate", "traverse", "reconstruct", "plot"),
    "Commands: judge and choose": ("score", "centrality", "compare"),
    "Commands: from and to elsewhere": ("import", "export"),
    "Commands: find what there is": ("data", "presets", "metrics", "settings", "info"),
    "Commands: keep in order": ("doctor", "cache", "clean"),
}
"""In which order ``dcr --help`` lists the commands: that of the work."""
ORDER = [name for names in PANELS.values() for name in names]
EXAMPLES = (
    "dcr train --model infogan-cr --dataset photos/ --seeds 0-9",
    "dcr centrality ckpts/*.pt --select best.pt",
    "dcr traverse best.pt --out traversal.html",
)


class _Root(Group):
    """The top-level group: every error leaves through one table, whoever calls it."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """All commands, in the order of the work."""
        return sorted(self.commands, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run a command line and raise ``SystemExit`` with its exit code.

        It is called dcr however it was started: completion scripts take the name for a command's.
        """
        options["prog_name"] = options.get("prog_name") or "dcr"
        try:
            with exit_codes(), screen():
                output.configure(quiet=False, verbose=False, debug=os.environ.get("DCR_DEBUG") == "1")
                closing.begin()
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
    epilog=f"{epilog(EXAMPLES)}\n\nData goes to stdout, everything else to stderr. "
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
        panel = next((title for title, names in PANELS.items() if name in names), None)
        if f"{name}_app" in vars(entry):
            app.add_typer(vars(entry)[f"{name}_app"], name=name, rich_help_panel=panel)
        else:
            app.command(name, rich_help_panel=panel)(vars(entry)[f"{name}_cli"])
    add_global_options(app)
    add_examples(app)


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
