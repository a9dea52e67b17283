"""Prints the names of the kernelspecs that a worker finds, as JSON: `python -m gristmill.worker.kernel_names`.

A process of its own: the control plane asks before it takes a run in, and imports nothing of Jupyter itself.
"""

import json
import sys

from jupyter_client.kernelspec import KernelSpecManager


def main() -> int:
    sys.stdout.write(json.dumps(sorted(KernelSpecManager().find_kernel_specs())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
