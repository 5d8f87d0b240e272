"""``python -m disentangle_cli`` is the same as ``dcr``."""

from disentangle_cli.commands import main

if __name__ == "__main__":
    main()
