"""`gristmill profiles`: what compute a run or an endpoint can have, and what is free."""

from typing import TYPE_CHECKING

from gristmill.cli.options import AsJson

if TYPE_CHECKING:
    from gristmill.core.wire import ServerStatus


def profiles(as_json: AsJson = False) -> None:
    """Show what compute there is, and what is free.

    A profile is what a run or an endpoint gets; "free now" says how many more of it would start at once.
    """
    from gristmill.cli.output import table, write_json
    from gristmill.cli.quantities import size
    from gristmill.cli.session import connected
    from gristmill.cli.tables import Cell, Column
    from gristmill.client import api

    with connected() as client:
        found = client.send(api.list_profiles())
        if client.transport.credentials.local:
            _remark_unread(client.send(api.status()))
    if as_json:
        write_json(found)
        return
    priced = any(one.profile.rate_per_hour for one in found)
    devices = any(one.profile.resources.accelerators for one in found)
    columns = [Column(title="profile"), Column(title="cores", right=True), Column(title="memory", right=True)]
    columns += [Column(title="accelerators")] * devices + [Column(title="per hour", right=True)] * priced
    columns += [Column(title="free now", right=True), Column(title="in use", right=True), Column(shrinks=True)]
    rows: list[list[str | Cell]] = []
    for one in found:
        profile, resources = one.profile, one.profile.resources
        row: list[str | Cell] = [Cell(profile.name, bold=True), f"{resources.cpu:g}", size(resources.memory)]
        if devices:
            row.append(
                f"{resources.accelerators} {profile.accelerator or 'of any kind'}" if resources.accelerators else ""
            )
        if priced:
            row.append(f"{profile.rate_per_hour:.2f}" if profile.rate_per_hour else "")
        free = Cell(str(one.free_slots), None if one.free_slots else "yellow")
        default = "default" if profile.default else ""
        used = f"{one.in_use} ({one.kept} by kept kernels)" if one.kept else str(one.in_use)
        row += [free, used, "; ".join(part for part in (default, profile.description) if part)]
        rows.append(row)
    table(columns, rows)


def _remark_unread(status: "ServerStatus") -> None:
    from gristmill.cli.catalogue_file import RESTART, is_unread
    from gristmill.cli.output import remark
    from gristmill.core.settings import read_settings

    settings = read_settings()
    if is_unread(settings, status):
        remark(f"{settings.catalogue} was changed since; these are the profiles before. {RESTART}")
