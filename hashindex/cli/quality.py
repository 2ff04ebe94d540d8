"""Commands that measure how well copies are found in pictures of one's own: `calibrate` and `evaluate`."""

from collections.abc import Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hashindex.cli import options, output
from hashindex.cli.pictures import selection
from hashindex.cli.progress import progress
from hashindex.outcomes import Rejected
from hashindex.quality.defaults import COPIES_OF, PER_MILLION, PICTURES, SEED

if TYPE_CHECKING:
    from hashindex.reading import PictureReader

_Folder = Annotated[str, typer.Argument(metavar="FOLDER", help="A folder, or oss://bucket/prefix/.")]
_TRUTH = typer.Option(
    "--truth",
    metavar="FILE",
    help="CSV or JSONL with uri (in FOLDER) and group: which pictures belong together.",
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(calibrate)
    app.command()(evaluate)


def calibrate(
    folder: _Folder,
    *,
    truth: Annotated[Path | None, _TRUTH] = None,
    false_pairs: Annotated[
        float,
        typer.Option(
            "--false-pairs",
            min=0,
            max=1_000_000,
            metavar="P",
            help="False pairs that a rule may take, of a million.",
        ),
    ] = PER_MILLION,
    pictures: Annotated[
        int, typer.Option("--pictures", min=2, metavar="N", help="Most pictures that are compared.")
    ] = PICTURES,
    copies_of: Annotated[
        int, typer.Option("--copies-of", min=1, metavar="N", help="Most pictures that are copied.")
    ] = COPIES_OF,
    seed: Annotated[int, typer.Option(metavar="S", help="Of the lot and of chance in copies.")] = SEED,
    plots: Annotated[
        Path | None,
        typer.Option("--plots", metavar="DIR", help="Draw the curves into this folder, as SVG files."),
    ] = None,
    recipe: options.RecipeName = None,
    decode: options.DecodeMode = None,
    oss_process: options.OssProcess = None,
    include: options.Include = None,
    exclude: options.Exclude = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure what is found of edited copies, and recommend rules.

    Copies are made in memory, from a seed. All pictures are taken as different, but for those that --truth
    puts into one group. Thresholds are chosen on one half of the pictures, and the figures are the other's.
    """
    del verbose
    from hashindex.cli import calibration_shown, quality_json
    from hashindex.compose import load_settings, open_reader
    from hashindex.quality.calibrate import calibrate as measured

    if plots is not None:
        from hashindex.quality.plots import draw, ready

        ready(plots)
    settings = load_settings()
    how = options.recipe_text(recipe, decode, oss_process) or "default"
    chosen = selection(include, exclude)
    with (
        open_reader(how, settings=settings) as reader,
        progress(
            "measuring", bar=not json, items=lambda: islice(reader.listed([folder], chosen), pictures)
        ) as shown,
    ):
        found = measured(
            reader,
            folder,
            chosen,
            _groups(truth, reader, folder),
            workers=settings.workers,
            seed=seed,
            pictures=pictures,
            copies_of=copies_of,
            per_million=false_pairs,
            each=lambda item: shown.add(rejected=isinstance(item, Rejected)),
        )
    if json:
        quality_json.emit_calibration(found)
    else:
        calibration_shown.show(found, most=pictures)
    if plots is not None:  # after the figures, which are there whatever becomes of a file
        draw(found, plots)
    if found.rejected:
        raise typer.Exit(output.Exit.SOME_REJECTED)


def evaluate(
    folder: _Folder,
    *,
    truth: Annotated[Path, _TRUTH],
    wide: options.Wide = False,
    orientations: options.Orientations = False,
    no_trim: options.NoTrim = False,
    radius: options.Radius = None,
    joint_radius: options.JointRadius = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write a page with the pictures missed and wrongly found."),
    ] = None,
    recipe: options.RecipeName = None,
    decode: options.DecodeMode = None,
    oss_process: options.OssProcess = None,
    include: options.Include = None,
    exclude: options.Exclude = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure how well groups that you know are found.

    Every picture is looked up among all others. Pictures without a group belong to nobody: what is found for
    them is wrong.
    """
    del verbose
    from hashindex.cli import evaluation_shown, quality_json
    from hashindex.compose import open_reader
    from hashindex.quality.asking import Asked
    from hashindex.quality.evaluate import evaluate as measured
    from hashindex.report import report_at, write_pairs
    from hashindex.views import Ways

    if report is not None:
        report_at(report).check()
    how = options.recipe_text(recipe, decode, oss_process) or "default"
    asked = Asked(
        options.rule(wide, radius, joint_radius),
        Ways(orientations=orientations, trimmed=not no_trim),
    )
    with open_reader(how) as reader:
        groups = _groups(truth, reader, folder)
        chosen = selection(include, exclude)
        with progress("comparing", bar=not json, items=partial(reader.listed, [folder], chosen)) as shown:
            found = measured(
                reader,
                folder,
                chosen,
                groups,
                asked,
                each=lambda item: shown.add(rejected=isinstance(item, Rejected)),
            )
        (quality_json.emit_evaluation if json else evaluation_shown.show)(found)
        if report is not None:  # after the figures, which are there whatever becomes of a file
            write_pairs(
                report,
                title=evaluation_shown.title(found),
                sections=evaluation_shown.sections(found),
                thumbnail=reader.thumbnail,
            )
            if not json:
                output.line(f"written to {report}")
    if found.rejected:
        raise typer.Exit(output.Exit.SOME_REJECTED)


def _groups(truth: Path | None, reader: "PictureReader", folder: str) -> Mapping[str, str]:
    if truth is None:
        return {}
    from hashindex.quality.truth import read_truth

    with truth.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return read_truth(file, reader.canonical, folder)
