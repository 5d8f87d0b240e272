"""Runs commands in processes that have everything imported: it forks, so a command takes a tenth of a second.

Requests and answers are lines of JSON on stdin and stdout.
"""

import importlib
import json
import os
import pkgutil
import signal
import sys
import time
from typing import Any

from disentangle_cli.data import table
from tests.faults.inject import Faults, install


def main() -> None:
    """Answer requests until stdin ends."""
    import disentangle_cli

    for module in pkgutil.walk_packages(disentangle_cli.__path__, "disentangle_cli."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    table.IN_MEMORY = 0  # small sets go through the cache, too
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _carry_out(request)
        started = time.monotonic()
        if (seconds := request.get("kill_after")) is not None:
            time.sleep(seconds)
            os.kill(pid, request.get("signal", signal.SIGKILL))
        _, status = os.waitpid(pid, 0)
        answer = {"code": os.waitstatus_to_exitcode(status), "seconds": time.monotonic() - started}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _carry_out(request: dict[str, Any]) -> None:
    """In the child: run the command in its folder; never returns."""
    code: Any = 99
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        os.chdir(request["folder"])
        os.environ["DCR_CACHE"] = "cache"
        for number, name in ((0, os.devnull), (1, "../stdout"), (2, "../stderr")):
            held = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            os.dup2(held, number)
            os.close(held)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - the other has been read from
        sys.argv = ["dcr", *request["arguments"]]
        faults = Faults("..", request.get("at"), request.get("number", 5), request.get("lasting", False))
        if "number" in request:
            install(faults)
        command = importlib.import_module("disentangle_cli.__main__").main
        try:
            command()
        except SystemExit as ended:
            code = ended.code
        sys.stdout.flush()
        if "number" in request and request.get("at") is None:
            held = os.dup(2)
            os.write(held, f"calls: {faults.count}\n".encode())
    finally:
        os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
