"""Methods are tested on the same small models as selection."""

from tests.selection.conftest import cache_folder, counting, linear, save, small

__all__ = ["cache_folder", "counting", "linear", "save", "small"]
