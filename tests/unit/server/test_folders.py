import stat
from pathlib import Path

from gristmill.core.settings import Settings
from gristmill.server.main import make_folders


def test_home_and_shared_folder_are_closed_to_others_where_they_are_made(tmp_path: Path) -> None:
    make_folders(Settings(home=tmp_path / "home", shared=tmp_path / "to" / "shared"))
    for folder in (tmp_path / "home", tmp_path / "to" / "shared"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_is_there_keeps_the_mode_that_somebody_gave_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    make_folders(Settings(home=tmp_path))
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750
