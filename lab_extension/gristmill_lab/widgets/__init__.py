"""Panels in a notebook's cell: `gristmill.panel.run(…)`, `.runs()`, `.model(…)`, `.endpoint(…)`."""
