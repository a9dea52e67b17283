"""An executed notebook as a page that stands alone, and as a notebook again."""

from typing import Any

from gristmill.core.errors import InvalidInputError

# Papermill's own headlines about a cell that failed.
_MARK = "papermill-error-cell-tag"


def as_html(notebook: bytes, *, title: str, code: bool) -> str:
    """The page; without `code` only what the cells put out.

    Raises:
        InvalidInputError: it cannot be shown as a page.
    """
    import nbformat
    from nbconvert import HTMLExporter

    try:
        node = nbformat.reads(notebook.decode(), as_version=4)
        hidden = {"exclude_input": not code, "exclude_input_prompt": not code, "exclude_output_prompt": not code}
        exporter = HTMLExporter(**hidden)  # type: ignore[no-untyped-call]
        page, _ = exporter.from_notebook_node(node, resources={"metadata": {"name": title}})
    except (ValueError, KeyError, nbformat.ValidationError) as error:
        raise InvalidInputError(f"this notebook cannot be shown as a page: {error}") from error
    return str(page)


def as_copy(notebook: bytes, *, run: str, number: int, cell: int | None, source: str | None) -> dict[str, Any]:
    """The executed notebook as one to work in: without papermill's headlines, and saying what it is a copy of."""
    import nbformat

    content: dict[str, Any] = nbformat.reads(notebook.decode(), as_version=4)  # lines of a text become one
    content["cells"] = [one for one in content["cells"] if _MARK not in one.get("metadata", {}).get("tags", ())]
    metadata = content.setdefault("metadata", {})
    metadata.pop("papermill", None)
    metadata["gristmill"] = {"copy_of": run, "number": number, "cell": cell, "source": source}
    return content
