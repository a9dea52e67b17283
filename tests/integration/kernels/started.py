"""Kernels as any Jupyter application starts them, and what tests ask of them."""

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gristmill_kernels.forked import Forked
from gristmill_kernels.provisioner import WarmProvisioner
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

KERNEL = "gristmill-python"
NO_HISTORY = "--HistoryManager.hist_file=:memory:"


class StartedKernel:
    def __init__(self, folder: Path, environ: Mapping[str, str], **options: Any) -> None:
        name = options.pop("kernel_name", KERNEL)
        self.manager = KernelManager(kernel_name=name, connection_file=str(folder / "k.json"), transport="ipc")
        self.manager.start_kernel(env=dict(environ), cwd=str(folder), extra_arguments=[NO_HISTORY], **options)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=120)

    @property
    def provisioner(self) -> WarmProvisioner:
        provisioner = self.manager.provisioner
        assert isinstance(provisioner, WarmProvisioner)
        return provisioner

    @property
    def is_forked(self) -> bool:
        if cold_because := self.provisioner.cold_because:
            print("cold:", cold_because)  # noqa: T201  # for whom a failing test is shown
        return isinstance(self.provisioner.process, Forked)

    @property
    def pid(self) -> int:
        pid = self.provisioner.pid
        assert pid is not None
        return pid

    def run(self, code: str, timeout: float = 120) -> str:
        """What the code printed; an error in it is the test's."""
        printed: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                printed.append(content["text"])
            if message["msg_type"] == "error":
                raise AssertionError("\n".join(content["traceback"]))

        self.client.execute_interactive(code, timeout=timeout, output_hook=hear)
        return "".join(printed)

    def facts(self, code: str) -> Any:
        """What the last line of the code, an expression, is in JSON."""
        *body, last = code.strip().splitlines()
        return json.loads(self.run("\n".join([*body, f"import json; print(json.dumps({last}, default=str))"])))

    def begin(self, code: str) -> str:
        """Runs what goes on after it has printed `begun`, until then; the request's id."""
        request: str = self.client.execute(code, stop_on_error=False)
        printed = ""  # comes in pieces where the kernel has to wait for a core
        while "begun\n" not in printed:
            printed += self.client.get_iopub_msg(timeout=60)["content"].get("text", "")
        return request

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def shut_down(self) -> int:
        """Asked to end; its status."""
        process = self.provisioner.process
        self.client.shutdown()
        return int(process.wait(timeout=60))

    def end(self) -> None:
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
