"""`gristmill runs outputs`: the files that a run made, and the executed notebook."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli.options import AsJson, RunKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gristmill.client.client import Client
    from gristmill.runs.model import Output


def outputs(
    run: RunKey,
    name: Annotated[str | None, typer.Argument(help="Download this one.")] = None,
    folder: Annotated[
        Path | None, typer.Option("--output", "-o", help="Download to this folder; without NAME all of them.")
    ] = None,
    notebook: Annotated[bool, typer.Option("--notebook", help="Download the executed notebook.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """List a run's outputs, or download them."""
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import connected
    from gristmill.client import api

    with connected() as client:
        detail = client.send(api.get_run(run))
        if name is None and folder is None and not notebook:
            if as_json:
                write_json(detail.outputs)
            else:
                _list(detail.outputs, detail.run.number)
            return
        target = folder or Path()
        files = _notebook(client, detail.run.id, detail.run.name, target, force=force) if notebook else []
        if name is not None or not notebook:
            wanted = [name] if name is not None else [one.name for one in detail.outputs]
            files += [_download(client, detail.run.id, one, target, force=force) for one in wanted]
    if as_json:
        write_json([str(file) for file in files])
        return
    for file in files:
        say(str(file))


def place(folder: Path, name: str, *, force: bool) -> Path:
    """Where the output may be written: inside the folder, whatever its name says, and over nothing that is there.

    Raises:
        InvalidInputError: the name leads out of the folder, or through a link that does.
        ConflictError: a file is there.
    """
    from gristmill.core.errors import ConflictError, InvalidInputError
    from gristmill.snapshots.model import check_path

    root = folder.resolve()
    target = root / check_path(name)
    if not target.parent.resolve().is_relative_to(root) or target.is_symlink():
        raise InvalidInputError(f"output {name!r} would be written outside {folder}: a link in it leads away")
    if target.exists() and not force:
        raise ConflictError(f"{folder / name} is there already", hint="Name another folder with -o, or give --force.")
    return target


def _download(client: "Client", run: str, name: str, folder: Path, *, force: bool) -> Path:
    from gristmill.client import api

    target = place(folder, name, force=force)
    return _write(target, client.send(api.get_output(run, name)))


def _notebook(client: "Client", run: str, name: str, folder: Path, *, force: bool) -> list[Path]:
    from gristmill.client import api

    safe = "".join(character if character.isalnum() or character in "-_." else "-" for character in name)
    target = place(folder, f"{safe}.ipynb", force=force)
    return [_write(target, client.send(api.executed_notebook(run)))]


def _write(target: Path, content: bytes) -> Path:
    """The file appears whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    partial.write_bytes(content)
    partial.replace(target)
    return target


def _list(found: "Iterable[Output]", number: int) -> None:
    from gristmill.cli.output import remark, table
    from gristmill.cli.quantities import short, size
    from gristmill.cli.tables import Cell, Column

    rows = [
        (Cell(one.name, bold=one.declared), size(one.size), short(one.digest), one.description or "") for one in found
    ]
    if rows:
        columns = (Column(title="output"), Column(title="size", right=True), Column(title="digest"))
        table((*columns, Column(shrinks=True)), rows)
    else:
        remark("This run has made no file in its working directory.")
    remark(f"The executed notebook: gristmill runs outputs {number} --notebook")
