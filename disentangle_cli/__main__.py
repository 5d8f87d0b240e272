"""The ``dcr`` script and ``python -m disentangle_cli``: a signal ends it in one line, however early."""

import sys

from disentangle_cli.tasks.signals import unwind_on_signals


def main() -> None:
    """Run the command line and raise ``SystemExit`` with its exit code."""
    try:
        unwind_on_signals()
        # the imports take longer than anything before
        from disentangle_cli.commands import main as run

        run()
    except KeyboardInterrupt:  # before there is anything that reports errors
        sys.stderr.write("interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
