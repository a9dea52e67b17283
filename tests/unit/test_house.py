"""What the house promises of its own files, as far as no linter holds it."""

import re
import subprocess
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 400


def tracked(*patterns: str) -> list[Path]:
    """The files of the tree, those not yet added included, without what git ignores."""
    command = (
        "git",
        "-C",
        str(ROOT),
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
        *patterns,
    )
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def texts(*patterns: str) -> dict[str, str]:
    """The text of each of these files by its path; what is no text is left out."""
    found = {}
    for path in tracked(*patterns):
        try:
            found[str(path.relative_to(ROOT))] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def lines_with(expression: str, files: dict[str, str]) -> list[str]:
    pattern = re.compile(expression)
    return [
        f"{name}:{number}: {line.strip()[:160]}"
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def comments(path: Path) -> list[tuple[int, str]]:
    with tokenize.open(path) as source:
        return [
            (token.start[0], token.string)
            for token in tokenize.generate_tokens(source.readline)
            if token.type == tokenize.COMMENT
        ]


def test_every_lint_rule_that_is_switched_off_in_pyproject_has_its_reason_beside_it() -> None:
    """`ALL` minus a list in which every entry says why."""
    section = (ROOT / "pyproject.toml").read_text().split("[tool.ruff.lint]")[1].split("[tool.ruff.lint.flake8")[0]
    entries = [line for line in section.splitlines() if re.match(r'\s+"[A-Z]+[0-9]*"', line)]
    bare = [line for line in entries if not re.search(r"# \S+ \S+", line)]
    assert len(entries) > 20
    assert bare == []


def test_every_lint_suppression_in_the_code_says_why() -> None:
    """`# noqa: X  # why`: something to read stands behind the names of the rules."""
    rules = r"#\s*(ruff: )?noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*"
    bare = [
        f"{path.relative_to(ROOT)}:{number}: {comment}"
        for path in tracked("gristmill/*.py", "tests/*.py", "tools/*.py")
        for number, comment in comments(path)
        if re.match(rules, comment) and not re.search(r"\w{3}", re.sub(rules, "", comment))
    ]
    assert bare == []


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the machine's business: a mirror must work without an edit."""
    hosts = (
        r"pypi\.org|files\.pythonhosted|registry\.npmjs|registry\.yarnpkg|proxy\.golang|(deb|archive)\.(debian|ubuntu)"
    )
    files = texts()
    del files[str(Path(__file__).relative_to(ROOT))]
    assert lines_with(hosts, files) == []


def test_no_file_names_a_place_on_one_machine() -> None:
    places = r"(?<![\w.])(/home/\w+/|/root/|/Users/\w+/|/work/|/opt/wheels)"
    files = texts()
    del files[str(Path(__file__).relative_to(ROOT))]
    assert lines_with(places, files) == []


@pytest.mark.parametrize("folder", ["gristmill", "tools"])
def test_no_module_is_longer_than_two_nouns(folder: str) -> None:
    """A file near 400 lines is asking to be two."""
    sizes = {name: len(text.splitlines()) for name, text in texts(f"{folder}/*.py").items()}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FILE} == {}


# The environment is read in one module per process; to set a variable, or hand all on to a child, is no reading.
READS_ENVIRONMENT = {
    "gristmill/cli/terminal.py",  # what the terminal can show: TERM, NO_COLOR
    "gristmill/client/credentials.py",  # the variables that JupyterHub sets
    "gristmill/core/settings.py",
    "gristmill/verbs.py",  # in the kernel
}


def test_the_environment_is_read_in_one_module_per_process() -> None:
    """Settings are one typed object: a variable read elsewhere is a setting that nobody finds."""
    reads = lines_with(r"os\.environ(\.get\(|\[[^]]+\](?! = ))|os\.getenv\(", texts("gristmill/*.py"))
    assert [line for line in reads if line.split(":")[0] not in READS_ENVIRONMENT] == []


def test_every_package_marks_itself_as_one() -> None:
    """Without its `__init__.py` a folder is skipped by the import contracts and by the type checker."""
    folders = {path.parent for path in tracked("gristmill/*.py")}
    lacking = [
        folder for folder in folders if not (folder / "__init__.py").exists() and "migrations" not in folder.parts
    ]
    assert lacking == []


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs/decisions/index.md").read_text()
    pages = [path.name for path in tracked("docs/decisions/*.md") if path.name != "index.md"]
    assert [page for page in pages if f"]({page})" not in index] == []


def test_every_changelog_fragment_has_a_name_that_towncrier_collects() -> None:
    """Others would be left out of the changelog without a word."""
    names = [path.name for path in tracked("changelog.d/*")]
    assert [name for name in names if not re.fullmatch(r"\+?[\w-]+\.(breaking|added|changed|fixed)\.md", name)] == []
