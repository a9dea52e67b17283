"""`may_import`: a contract for import-linter that says, room by room, what a module may import directly.

import-linter's own contracts say what is forbidden. The design's table of rooms says what is allowed ("`store.py` may
import its `model`"), and *its* means the same word on both sides: a pattern's `<word>` stands for one name (one of
`words`, where those are given) that is the same in `modules` and `may_import`. `*` is any one name, `**` any names.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


def compile_pattern(pattern: str, words: list[str] | None = None) -> re.Pattern[str]:
    """The pattern as a regular expression whose group `word` is one of `words`, or any name."""
    word = "|".join(map(re.escape, words)) if words else r"\w+"
    expression = re.escape(pattern).replace("<word>", f"(?P<word>{word})")
    return re.compile(expression.replace(r"\*\*", r"[\w.]+").replace(r"\*", r"\w+"))


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What the modules of some patterns may import; `packages` are third-party ones, None allows any."""

    modules: list[str]
    may_import: list[str]
    packages: list[str] | None = None
    words: list[str] | None = None

    def covers(self, module: str) -> bool:
        return bool(self._matches(module))

    def allows(self, module: str, imported: str) -> bool:
        own = [match["word"] for match in self._matches(module) if "word" in match.groupdict()]
        return any(compile_pattern(allowed, own).fullmatch(imported) for allowed in self.may_import)

    def allows_package(self, package: str) -> bool:
        return self.packages is None or package in self.packages or package in sys.stdlib_module_names

    def _matches(self, module: str) -> list[re.Match[str]]:
        found = (compile_pattern(pattern, self.words).fullmatch(module) for pattern in self.modules)
        return [match for match in found if match]


@dataclass(frozen=True, kw_only=True)
class Stray:
    """One import that the rule does not allow."""

    importer: str
    imported: str
    lines: tuple[int, ...]


def strays(graph: ImportGraph, rule: Rule) -> Iterator[Stray]:
    for module in sorted(filter(rule.covers, graph.modules)):
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            # Squashed: a whole distribution other than ours, the standard library's modules among them.
            foreign = graph.is_module_squashed(imported)
            if not (rule.allows_package(imported) if foreign else rule.allows(module, imported)):
                details = graph.get_import_details(importer=module, imported=imported)
                lines = {detail["line_number"] for detail in details}
                yield Stray(importer=module, imported=imported, lines=tuple(sorted(lines)))


class MayImportContract(Contract):
    type_name = "may_import"

    modules = fields.ListField(subfield=fields.StringField())
    may_import = fields.ListField(subfield=fields.StringField())
    packages = fields.ListField(subfield=fields.StringField(), required=False)
    words = fields.ListField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001 - import-linter's own
        found = list(strays(graph, self._rule()))
        return ContractCheck(kept=not found, metadata={"strays": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for stray in check.metadata["strays"]:
            lines = ", ".join(f"l.{line}" for line in stray.lines)
            output.print_error(f"- {stray.importer} may not import {stray.imported} ({lines})", bold=False)

    def _rule(self) -> Rule:
        # import-linter puts the parsed values where the class has its fields.
        return Rule(
            modules=cast("list[str]", self.modules),
            may_import=cast("list[str]", self.may_import),
            packages=cast("list[str] | None", self.packages),
            words=cast("list[str] | None", self.words),
        )
