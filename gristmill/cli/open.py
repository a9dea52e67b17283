"""`gristmill open`: pages in a browser, by a link that works once."""

from typing import TYPE_CHECKING, Annotated

import typer

from gristmill.cli.options import AsJson

if TYPE_CHECKING:
    from gristmill.client.client import Client


def open_page(
    what: Annotated[
        str, typer.Argument(metavar="[mlflow|ID]", help="A run, a model or MODEL/VERSION; default: all of MLflow.")
    ] = "mlflow",
    print_only: Annotated[bool, typer.Option("--print", help="Print the link and open no browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Open MLflow's pages in a browser.

    The link that is printed is good once and for 60 seconds; the browser's session then lasts 12 hours.
    """
    from gristmill.cli.output import say, write_json
    from gristmill.cli.session import connected_with_tracking
    from gristmill.client import api

    with connected_with_tracking() as client:
        opened = client.send(api.open_page(_path(client, what)))
    if as_json:
        write_json(opened)
        return
    say(opened.url)
    if not print_only:
        _show(opened.url)


def _show(url: str) -> None:
    import webbrowser

    from gristmill.cli.output import remark

    if not webbrowser.open(url):
        remark("No browser was found here: open the link within 60 seconds, on this machine or through a port forward.")


def _path(client: "Client", what: str) -> str:
    """Where MLflow shows it."""
    from gristmill.client import api, mlflow_pages
    from gristmill.core.errors import NotFoundError

    if what == "mlflow":
        return mlflow_pages.FIRST
    if "/" in what:
        model, _, version = what.rpartition("/")
        found = client.send(api.get_model_version(model, version))
        return mlflow_pages.version_page(found.name, found.version)
    try:
        run = client.send(api.get_run(what)).run
    except NotFoundError as error:
        return _model_path(client, what, error)
    return mlflow_pages.run_page(client, run)


def _model_path(client: "Client", name: str, no_run: Exception) -> str:
    from gristmill.client import api, mlflow_pages
    from gristmill.core.errors import NotFoundError

    try:
        found = client.send(api.get_model(name))
    except NotFoundError:
        raise NotFoundError(
            f"{name!r} names no run and no model", hint="`gristmill runs list` and `gristmill models list` show them."
        ) from no_run
    return mlflow_pages.model_page(found.name)
