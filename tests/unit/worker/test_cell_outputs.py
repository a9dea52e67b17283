import random
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from gristmill.worker.cell_outputs import CellStreams


def text_of(outputs: list[NotebookNode]) -> str:
    return "".join(one["text"] for one in outputs if one["output_type"] == "stream")


def streams(limit: int = 10_000) -> tuple[list[NotebookNode], CellStreams]:
    outputs: list[NotebookNode] = []
    return outputs, CellStreams(outputs, limit)


def test_consecutive_text_of_one_stream_is_one_output() -> None:
    outputs, kept = streams()
    for name, text in (("stdout", "a"), ("stdout", "b"), ("stderr", "c"), ("stdout", "d")):
        kept.add(name, text)
    kept.write()
    assert [(one["name"], one["text"]) for one in outputs] == [("stdout", "ab"), ("stderr", "c"), ("stdout", "d")]


def test_a_display_between_keeps_its_place() -> None:
    outputs, kept = streams()
    kept.add("stdout", "before")
    outputs.append(new_output("display_data", data={"text/plain": "x"}))
    kept.add("stdout", "after")
    kept.write()
    assert [one["output_type"] for one in outputs] == ["stream", "display_data", "stream"]


def test_head_and_tail_are_kept_and_the_cut_between_is_marked() -> None:
    outputs, kept = streams(limit=2000)
    lines = [f"line {number}\n" for number in range(10_000)]
    for line in lines:
        kept.add("stdout", line)
    kept.write()
    text, whole = text_of(outputs), "".join(lines)
    head, _, rest = text.partition("\n… ")
    cut, _, tail = rest.partition(" characters are left out here …\n")
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head) > 500
    assert len(tail) > 500
    assert len(head) + int(cut.replace(",", "")) + len(tail) == len(whole)


def test_displays_survive_a_cut_around_them() -> None:
    outputs, kept = streams(limit=2000)
    kept.add("stdout", "x" * 1500)
    display = new_output("display_data", data={"text/plain": "x"})
    outputs.append(display)
    kept.add("stdout", "y" * 100_000)
    kept.write()
    assert any(one is display for one in outputs)
    assert len(text_of(outputs)) < 3000


def test_many_small_pieces_of_alternating_streams_stay_bounded() -> None:
    outputs, kept = streams(limit=100_000)
    for number in range(20_000):
        kept.add("stdout" if number % 2 else "stderr", "x")
    kept.write()
    assert len(outputs) < 500


def test_after_a_clear_all_begins_anew() -> None:
    outputs, kept = streams(limit=2000)
    kept.add("stdout", "x" * 100_000)
    outputs.clear()
    kept.reset()
    kept.add("stdout", "fresh")
    kept.write()
    assert text_of(outputs) == "fresh"


def test_whatever_comes_is_within_the_limit_and_begins_and_ends_as_it_came() -> None:
    for seed in range(50):
        chance = random.Random(seed)  # noqa: S311  # cases, not secrets
        outputs, kept = streams(limit=5000)
        whole: list[Any] = []
        for _ in range(chance.randrange(1, 60)):
            text = chance.choice("abc") * chance.randrange(1, 2000)
            whole.append(text)
            kept.add("stdout", text)
            if chance.random() < 0.1:
                kept.write()
        kept.write()
        text = text_of(outputs)
        assert len(text) < 5200, seed
        assert "".join(whole)[:1000] == text[:1000], seed
        assert "".join(whole)[-1000:] == text[-1000:], seed
