"""Which files a notebook surely needs: only these keep a run from starting."""

import pytest

from gristmill.client.pack.reads import certain_reads
from gristmill.notebooks.source import Cell, NotebookSource


def reads(*cells: str, language: str = "python", tags: frozenset[str] = frozenset()) -> set[str]:
    made = [Cell(index=0, kind="code", source=cells[0], tags=tags)]
    made += [Cell(index=index, kind="code", source=source) for index, source in enumerate(cells[1:], 1)]
    return set(certain_reads(NotebookSource(cells=tuple(made), kernel=None, language=language), "nb"))


@pytest.mark.parametrize(
    "source",
    [
        "df = pd.read_csv('../data/big.csv')",
        "df = pd.read_csv('../data/big.csv', sep=';').dropna()",
        "with open('../data/big.csv') as file:\n    text = file.read()",
        "with open('../data/big.csv', 'rb') as file: pass",
        "text = Path('../data/big.csv').read_text()",
        "x = np.load(Path('../data/big.csv'))",
        "BIG = '../data/big.csv'\ndf = polars.scan_csv(BIG)",
        "%matplotlib inline\ndf = pd.read_csv('../data/big.csv')",
        "a = pd.read_csv('../data/big.csv')\nprint(os.path.getsize('../data/big.csv'))",
        "print(os.path.getsize('../data/big.csv'))\ndf = pd.read_csv('../data/big.csv')",
        "size = Path('../data/big.csv').stat().st_size",
        "names = os.listdir('../data/big.csv')",
        "df = pd.read_csv(os.path.join('..', 'data', 'big.csv'))",
        "DATA = Path('..') / 'data'\ndf = pd.read_csv(DATA / 'big.csv')",
        "DATA = Path.cwd().parent / 'data'\ntext = (DATA / 'big.csv').open('r').read()",
    ],
)
def test_a_file_that_top_level_code_reads_is_needed(source: str) -> None:
    assert reads(source) == {"data/big.csv"}


@pytest.mark.parametrize(
    "source",
    [
        "name = '../data/big.csv'",
        "def later():\n    return pd.read_csv('../data/big.csv')",
        "if fast:\n    df = pd.read_csv('../data/big.csv')",
        "try:\n    df = pd.read_csv('../data/big.csv')\nexcept OSError: pass",
        "for one in some: pd.read_csv('../data/big.csv')",
        "with open('../data/big.csv', 'w') as file: pass",
        "open('../data/big.csv', mode='x')",
        "Path('../data/big.csv').open('w')",
        "print(os.path.exists('../data/big.csv'))\ndf = pd.read_csv('../data/big.csv')",
        "DATA = Path('../data')\nprint((DATA / 'big.csv').is_file())\ndf = pd.read_csv(DATA / 'big.csv')",
        "df.to_csv('../data/big.csv')\ndf = pd.read_csv('../data/big.csv')",
        "OUT = '../data/big.csv'\ndf.to_csv(OUT)\ndf = pd.read_csv(OUT)",
        "pd.read_csv('/data/big.csv')",
        "pd.read_csv(name)",
        "this is no Python",
    ],
)
def test_a_file_that_may_be_read_or_is_written_first_is_not(source: str) -> None:
    assert reads(source) == set()


def test_what_a_parameter_says_may_be_said_otherwise() -> None:
    assert reads("path = '../data/big.csv'", "pd.read_csv(path)", tags=frozenset({"parameters"})) == set()


def test_of_other_languages_nobody_knows() -> None:
    assert reads("read.csv('../data/big.csv')", language="R") == set()


def test_a_file_that_an_earlier_cell_names_by_a_constant_is_needed() -> None:
    assert reads("BIG = '../data/big.csv'", "df = pd.read_csv(BIG)") == {"data/big.csv"}
