"""Packages that an installation may lack: whether they are there, and what is said where they are not."""

import importlib.util

from disentangle_cli.errors import UsageError


def is_installed(*modules: str) -> bool:
    """Whether all of these can be imported; none of them is."""
    try:
        return all(importlib.util.find_spec(module) is not None for module in modules)
    except (ImportError, ValueError):  # a parent that is missing, or a module that is blocked
        return False


def need(extra: str, *modules: str, what: str, name: str) -> None:
    """Refuse ``what``, which needs ``name``, where a module of the extra is not installed.

    Raises:
        UsageError: it says what to install.
    """
    if not is_installed(*modules):
        raise UsageError(f'{what} needs {name}: pip install "disentangle-cli[{extra}]"')
