"""What of a project that nothing marks travels with a notebook: less than of one that is marked."""

from pathlib import PurePosixPath

from gristmill.client.pack.modules import Modules
from gristmill.client.pack.named import NamedPaths
from gristmill.client.pack.root import ProjectRoot
from gristmill.data_roots.model import lies_in


class Near:
    """The notebook's own folder, the packages that it imports, and what it names; of other folders nothing."""

    def __init__(self, root: ProjectRoot, notebook: str, modules: Modules, named: NamedPaths) -> None:
        home = notebook.rpartition("/")[0]
        named_there = {path for path in named.paths if not lies_in(home, path) and (root.path / path).exists()}
        self._named = named
        self._folders = {home, *_packages(modules), *(path for path in named_there if (root.path / path).is_dir())}
        self._ways = {str(one) for path in {*self._folders, *named_there} for one in PurePosixPath(path).parents}

    def enters(self, folder: str) -> bool:
        """Whether something of it may travel."""
        return folder in self._ways or self._inside(folder)

    def takes(self, file: str) -> bool:
        return self._named.names(file) or self._inside(file)

    def _inside(self, path: str) -> bool:
        return any(lies_in(path, folder) for folder in self._folders)


def _packages(modules: Modules) -> set[str]:
    """The folders of imported packages, whole: what a package reads lies beside its modules."""
    found = set()
    for file in modules.files:
        roots = [root for root in modules.roots if root == "." or lies_in(file, root)]
        root = max(roots, key=len, default=".")
        below = PurePosixPath(file).relative_to(root).parts if root != "." else PurePosixPath(file).parts
        if len(below) > 1:
            found.add(str(PurePosixPath(root, below[0])))
    return found
