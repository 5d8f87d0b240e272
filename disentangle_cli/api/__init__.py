"""The Python interface: one function per command, each with a small result object.

A result has ``to_json()``, the document that the command prints, and shows itself in a notebook. Commands
call these functions; what they add is options and printing.
"""
