"""Models trained elsewhere: one file per source, each giving a checkpoint; nothing imported is run."""

from disentangle_cli.importing.source import SOURCES, Imported

__all__ = ["SOURCES", "Imported"]
