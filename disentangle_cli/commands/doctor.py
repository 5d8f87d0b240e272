"""``dcr doctor``: whether this installation works, and how well."""

from dataclasses import asdict

from disentangle_cli.command_line import options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.printing import Format, emit
from disentangle_cli.documents import document


@examples(
    "dcr doctor",
    "dcr doctor --format json  # for an issue; in CI it exits 1 if broken",
)
def doctor_cli(fmt: options.FormatOption = Format.table) -> None:
    """Check this installation: Python, torch, device, bf16, threads, extras, cache, disk.

    Exits with 1 where something is broken; notes are about what could be faster or is not installed.
    """
    from disentangle_cli.errors import RunError
    from disentangle_cli.output import log
    from disentangle_cli.upkeep.checkup import check_up

    found = check_up()
    broken = [one.name for one in found if one.state == "broken"]
    doc = document("doctor", healthy=not broken, checks=[asdict(one) for one in found])
    if fmt is Format.csv:
        rows = [[one.name, one.state, one.found, one.advice] for one in found]
        emit(doc, fmt, ["check", "state", "found", "advice"], rows)
    else:  # one wide column, so that what is to be typed stays whole on a narrow terminal
        rows = [[one.name, one.state, ": ".join(filter(None, [one.found, one.advice]))] for one in found]
        emit(doc, fmt, ["check", "state", "found"], rows, prose=["found"])
    if broken:
        raise RunError(f"broken: {', '.join(broken)}")
    log("nothing is broken")
