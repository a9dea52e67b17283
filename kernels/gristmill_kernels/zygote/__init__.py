"""What runs in a zygote's process: the standard library alone, for any Python from 3.9 on.

It is started by path, as `python .../zygote/__main__.py FOLDER`, with the interpreter of the user's environment, which
need not have anything of Gristmill in it.
"""
