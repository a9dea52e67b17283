"""Warm kernels: a Python kernel that starts with its imports done.

A *zygote* is one process per environment that has imported what the environment's notebooks import. A kernel is
forked from it in a few hundredths of a second. `zygote/` runs in the user's environment, with the user's interpreter,
and needs nothing but its standard library; everything else here runs beside Jupyter and talks to zygotes over sockets.
What may be imported before a fork, and what is made fresh after it, is decided in `docs/decisions/warm-kernels.md`.
"""
