"""Builds the site strictly, and fails if a page of it would load anything from another host."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# What a browser fetches by itself; a link that a reader follows may lead anywhere.
LOADS = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""")


def foreign(page: str) -> list[str]:
    return LOADS.findall(page)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        build = (sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder)
        quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # the theme's news is not about this build
        if subprocess.run(build, env=quiet, check=False).returncode != 0:
            return 1
        pages = sorted(Path(folder).rglob("*.html"))
        found = [f"{page.relative_to(folder)} loads {url}" for page in pages for url in foreign(page.read_text())]
    print("\n".join(found) or f"{len(pages)} pages")
    return 1 if found or not pages else 0


if __name__ == "__main__":
    raise SystemExit(main())
