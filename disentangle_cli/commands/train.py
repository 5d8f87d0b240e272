"""``dcr train``: train one model, a pool of seeds, or a sweep."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from disentangle_cli.bounds import ITERATIONS, JOBS, SEED
from disentangle_cli.command_line import closing, completion, options
from disentangle_cli.command_line.examples import examples
from disentangle_cli.command_line.printing import Format, emit, emit_paths
from disentangle_cli.documents import document
from disentangle_cli.errors import UsageError
from disentangle_cli.progress import duration

if TYPE_CHECKING:
    from disentangle_cli.api.train import Trained


@examples(
    "dcr train --model infogan-cr --dataset photos/ --seeds 0-9  # a pool of ten",
    "dcr train --model vae --preset demo --set optim.rate=0.002 --out trial",
)
def train_cli(
    model: options.ModelName,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset",
            "-d",
            help="A data set's name, an .npz file or a folder of images (default: dsprites).",
            **options.DATASET,
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            "-p",
            help="Named settings, or the data set's own of that name (default: fast; GANs on a GPU: paper).",
            autocompletion=completion.presets,
        ),
    ] = None,
    iterations: Annotated[
        int | None,
        typer.Option(
            "--iterations", "-n", help="Length; the schedule scales with it.", **options.whole(1, ITERATIONS)
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of everything random (default: 0).", **options.whole(0, SEED))
    ] = None,
    seeds: Annotated[
        list[str] | None, typer.Option(metavar="0-9", help="Train a pool, one run per seed; repeatable.")
    ] = None,
    sweep: Annotated[
        list[str] | None, typer.Option(metavar="KEY=V1,V2", help="Train one run per value; repeatable.")
    ] = None,
    sets: options.Sets = None,
    class_folders: options.ClassFolders = True,
    skip_broken: options.SkipBroken = False,
    config: Annotated[Path | None, typer.Option(help="YAML file of settings over the preset.")] = None,
    init_from: Annotated[
        Path | None,
        typer.Option(metavar="CKPT", help="Begin with the weights of a checkpoint of the same networks."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for checkpoints.")] = Path("ckpts"),
    name: Annotated[
        str | None, typer.Option(help="Stem of the outputs (default: <model>_<dataset>_seed-<S>).")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run.")] = False,
    overwrite: options.Overwrite = False,
    time_limit: Annotated[
        str | None, typer.Option(metavar="30m", help="Stop and save all runs after this time (s, m, h).")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check, train nothing; print what would be written.")
    ] = False,
    print_config: Annotated[
        bool,
        typer.Option("--print-config", help="Print the configuration (YAML, or as --format says) and stop."),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", help="Runs at once (default: one per core).", **options.whole(1, JOBS)),
    ] = None,
    stack: Annotated[
        bool, typer.Option("--stack", help="Train the seeds as one batched computation (for a GPU).")
    ] = False,
    executor: options.ExecutorOption = "local",
    device: options.Device = "auto",
    precision: Annotated[
        options.Precision, typer.Option(help="auto: bf16 where the hardware is faster with it.")
    ] = "auto",
    compiled: Annotated[
        bool, typer.Option("--compile", help="Compile the networks and losses first (for a GPU).")
    ] = False,
    logger: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...",
            help="Where the rows of log.csv go, too, or none: "
            f"{', '.join(completion.names('loggers'))}; repeatable.",
            show_default="tensorboard where it is installed",
            **completion.several_of("loggers", "none"),
        ),
    ] = None,
    watch: Annotated[
        Path | None,
        typer.Option(
            metavar="PAGE.html", help="Keep a page up to date: curves and the newest traversals of all runs."
        ),
    ] = None,
    fmt: options.FormatOption = Format.table,
) -> None:
    """Train a model and print the path of its checkpoint.

    Outputs are OUT/<stem>.pt when the run is complete, and a folder OUT/<stem>/ with config.yaml, log.csv,
    pictures and the resume state. A run that was stopped, in whatever way, goes on with --resume.
    """
    sets = [*(sets or ()), *([] if class_folders else ["data.class_folders=false"])]
    sets += ["data.skip_broken=true"] if skip_broken else []
    sets += _loggers(options.listed(logger))
    if print_config:
        from disentangle_cli.api.train import DEFAULT_DATASET, check_places
        from disentangle_cli.training import chosen_preset, configure, from_earlier, parse_sweeps

        check_places(dataset, executor)
        trained_on = dataset or from_earlier(config).get("dataset", DEFAULT_DATASET)
        preset = chosen_preset(model, trained_on, preset, config, device, executor)
        texts = [*sets, *parse_sweeps(sweep or ())[0]]
        settings = configure(model, preset, iterations, texts, config).model_dump(mode="json")
        _print_config({"model": model} | settings, fmt)
        return
    from disentangle_cli.api.train import train

    trained = train(
        model, dataset, preset=preset, iterations=iterations, seed=seed,
        seeds=",".join(options.listed(seeds)) if seeds else None, sweep=sweep or (),
        settings=sets, config=config, init_from=init_from, out=out, name=name, resume=resume,
        overwrite=overwrite, time_limit=time_limit, device=device, precision=precision, compile=compiled,
        jobs=jobs, stack=stack, executor=executor, dry_run=dry_run, watch=watch,
        check=False,
    )  # fmt: skip
    if trained.complete:
        emit_paths(trained.paths, fmt, trained.to_json())
    trained.check()
    if not dry_run:
        _close(trained)


def _close(trained: "Trained") -> None:
    """A summary of what was trained, and what to do with it."""
    outcomes, paths = trained.outcomes, trained.paths
    first = trained.runs[0]
    if len(outcomes) == 1:
        score = outcomes[0].score
        rows = (
            {} if score is None else {"score": f"FactorVAE {score:.3f}, a quick one (dcr score has them all)"}
        )
        steps: list[list[str | Path]] = [["dcr", "traverse", paths[0], "--out", "traversal.html"]]
        closing.close({**rows, "log, pictures": f"{first.folder}/"}, steps)
        return
    table: dict[str, list[object]] = {"run": [one.run.stem for one in outcomes]}
    if any(one.score is not None for one in outcomes):
        table["FactorVAE score, quick"] = [one.score for one in outcomes]
    table["time"] = [None if one.seconds is None else duration(one.seconds) for one in outcomes]
    closing.table(list(table), list(zip(*table.values(), strict=True)))
    best = ["dcr", "centrality", *closing.short(paths), "--select", "best.pt"]
    closing.close({"logs, pictures": f"{first.out}/*/"}, [best])


def _loggers(names: list[str]) -> list[str]:
    """The setting that ``--logger`` stands for, if it was given."""
    if not names:
        return []
    if "none" in names and len(names) > 1:
        raise UsageError(f"--logger {','.join(names)}: none stands alone")
    return [f"log.loggers=[{', '.join(name for name in names if name != 'none')}]"]


def _print_config(settings: dict[str, Any], fmt: Format) -> None:
    """As YAML, which ``--config`` takes, unless another format is asked for."""
    from disentangle_cli.nested import flat
    from disentangle_cli.yaml12 import to_yaml

    if fmt is Format.table:
        typer.echo(to_yaml(settings), nl=False)
    else:
        emit(document("train-config", config=settings), fmt, ["name", "value"], list(flat(settings)))
