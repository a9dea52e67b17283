"""`gristmill audit`: whether the log of who did what is whole."""

import typer

from gristmill.cli.options import AsJson

app = typer.Typer(help="The audit log: who did what, hash-chained.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Check that no entry of the audit log was changed, removed or put in between. Exit status 1 where one was."""
    from gristmill.cli.errors import FAILED, fail
    from gristmill.cli.output import say, styled, write_json
    from gristmill.cli.session import ask
    from gristmill.client import api

    verdict = ask(api.verify_audit())
    if as_json:
        write_json(verdict)
        if verdict.broken_at is not None:
            raise typer.Exit(FAILED)
        return
    if verdict.broken_at is not None:
        raise fail(f"the audit log is broken at entry {verdict.broken_at}: {verdict.reason}")
    say(f"{styled('✓', 'green')} {verdict.entries} entries, each following from the one before it")
    say(f"  head {verdict.head}")
