"""papermill's notebook client, watched: it tells a listener what happens, and notices within a moment what ends it."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from queue import Empty
from typing import Any

from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, DeadKernelError
from nbclient.util import ensure_async
from nbformat import NotebookNode
from nbformat.v4 import new_output, output_from_msg
from papermill.clientwrap import PapermillNotebookClient

from gristmill.secrets.masking import Mask
from gristmill.verbs import MIME
from gristmill.worker.cell_outputs import CellStreams
from gristmill.worker.cells import is_executed
from gristmill.worker.listener import Listener
from gristmill.worker.masking import Message, MessageMask
from gristmill.worker.stop import Stop

_WATCH = 0.1  # seconds between two looks at kernel and stop
_DRAIN = 0.2  # seconds that a dead kernel's last output has to arrive
_SILENCE = 4  # seconds without a message behind a cell's end after which none is waited for
_STREAM_LIMIT = 2**20  # characters streamed by one cell that the executed notebook keeps
_DISPLAYS = {"display_data", "update_display_data", "execute_result"}


class GristmillNotebookClient(PapermillNotebookClient):  # type: ignore[misc]  # papermill ships no types
    """With a listener, streams are merged and bounded per cell; without one outputs are as papermill keeps them."""

    def __init__(
        self,
        nb_man: Any,
        km: Any = None,
        *,
        listener: Listener | None = None,
        stop: Stop | None = None,
        stream_limit: int = _STREAM_LIMIT,
        prelude: str = "",
        mask: Mask | None = None,
        **options: Any,
    ) -> None:
        if listener is not None:
            # Reading a flood of output may take longer than the cell: `_async_poll_output_msg` knows when it is over.
            options = {"iopub_timeout": 24 * 3600, **options}
        super().__init__(nb_man, km=km, **options)
        self._listener = listener
        self._stop = stop or Stop()
        self._stream_limit = stream_limit
        self._prelude = prelude
        self._masked = MessageMask(mask or Mask({}))
        self._streams: CellStreams | None = None
        self._displayed: dict[str, list[tuple[int, NotebookNode]]] = {}
        self._interrupted_at: float | None = None
        self.clear_before_next_output: bool = False

    # The kernel's start and the questions between cells are watched like a cell.

    async def async_start_new_kernel_client(self) -> Any:
        client = await self._watched(super().async_start_new_kernel_client())
        if self._prelude:
            request = client.execute(self._prelude, silent=True, store_history=False)
            await self.async_wait_for_reply(request)
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def async_wait_for_reply(self, msg_id: str, cell: NotebookNode | None = None) -> Any:
        return await self._watched(super().async_wait_for_reply(msg_id, cell))

    wait_for_reply = run_sync(async_wait_for_reply)

    def papermill_execute_cells(self) -> None:
        """Executes the cells until one fails, the kernel dies or a stop is asked for; the notebook is saved after each.

        A cell in which the kernel died is marked as failed, as is one that raised.
        """
        if self._listener:
            self._listener.notebook_started(self.nb.cells)
        for index, cell in enumerate(self.nb.cells):
            if self._stop.reason:
                break
            try:
                self.nb_man.cell_start(cell, index)
                self._execute_told(cell, index)
            except CellExecutionError as error:
                self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=error)
                break
            except DeadKernelError as error:
                self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=error)
                raise
            finally:
                self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)

    def _execute_told(self, cell: NotebookNode, index: int) -> None:
        if self._listener is None or not is_executed(cell, self.skip_cells_with_tag):
            self.execute_cell(cell, index)
            return
        began, failed = time.monotonic(), True
        self._listener.cell_started(index)
        try:
            self.execute_cell(cell, index)
            failed = False
        except DeadKernelError:
            text = "The kernel died while this cell was executed."
            cell.outputs.append(new_output("error", ename="DeadKernelError", evalue=text, traceback=[text]))
            raise
        finally:
            for name, text in self._masked.release():  # the cell's last message did not come
                self._listener.stream(index, name, text)
                self._stream(cell.outputs, {"name": name, "text": text})
            if self._streams is not None:
                self._streams.write()
            self._listener.cell_finished(index, cell.outputs, time.monotonic() - began, failed=failed)

    # Watching -------------------------------------------------------------------------------------------------------

    async def _async_poll_kernel_alive(self) -> None:
        await self._watch()
        await asyncio.sleep(_DRAIN)
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    async def _watch(self) -> None:
        """Returns when the kernel is dead; until then passes on the ticks, and the stop."""
        while True:
            await asyncio.sleep(_WATCH)
            if self._listener:
                if self._streams is not None:
                    self._streams.write()
                self._listener.tick()
            if self.km is not None and not await ensure_async(self.km.is_alive()):
                return
            if self._stop.reason:
                await self._end_kernel()

    async def _end_kernel(self) -> None:
        if self._interrupted_at is None:
            self._interrupted_at = time.monotonic()
            await ensure_async(self.km.interrupt_kernel())
        elif time.monotonic() - self._interrupted_at >= self._stop.grace:
            await ensure_async(self.km.signal_kernel(signal.SIGKILL))

    async def _watched(self, work: Awaitable[Any]) -> Any:
        task = asyncio.ensure_future(work)
        watch = asyncio.ensure_future(self._watch())
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            # The client itself says what became of a kernel that dies while it starts; it looks once a second.
            await asyncio.wait({task}, timeout=1.5)
        if watch.done():
            watch.result()  # an error of the watch itself is not a dead kernel
        watch.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            raise DeadKernelError("Kernel died")
        return task.result()

    # What comes from the kernel -------------------------------------------------------------------------------------

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: NotebookNode, cell_index: int) -> None:
        """Returns with the cell's last message, or when the kernel has answered and nothing more comes: a message was
        lost on its way then, which is told and fails nothing.
        """
        if self._listener is None:
            await super()._async_poll_output_msg(parent_msg_id, cell, cell_index)
            return
        while True:
            try:
                msg = await ensure_async(self.kc.iopub_channel.get_msg(timeout=_SILENCE))
            except Empty:
                if "shell.execute_reply" in cell["metadata"].get("execution", {}):
                    self._listener.output_lost(cell_index)
                    return
                continue
            if msg["parent_header"].get("msg_id") == parent_msg_id:
                try:
                    self.process_message(msg, cell, cell_index)
                except CellExecutionComplete:
                    return

    async def _check_raise_for_error(self, cell: NotebookNode, cell_index: int, exec_reply: Message | None) -> None:
        reply = self._masked.reply(exec_reply)
        if self._listener is not None and reply is not None:
            self._keep_error(self._listener, reply["content"], cell, cell_index)
        await super()._check_raise_for_error(cell, cell_index, reply)

    def _keep_error(self, listener: Listener, content: Mapping[str, Any], cell: NotebookNode, index: int) -> None:
        """The reply names the error too. Its own message may not have come: got lost, or could not be sent."""
        if content["status"] != "error" or any(one["output_type"] == "error" for one in cell.outputs):
            return
        ename, evalue = str(content.get("ename", "")), str(content.get("evalue", ""))
        traceback = [str(line) for line in content.get("traceback") or ()] or [f"{ename}: {evalue}"]
        cell.outputs.append(new_output("error", ename=ename, evalue=evalue, traceback=traceback))
        listener.error(index, ename, evalue, traceback)

    def process_message(self, msg: Message, cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        output = None
        for masked in self._masked.take(msg):
            output = self._process(masked, cell, cell_index)
        return output

    def _process(self, msg: Message, cell: NotebookNode, cell_index: int) -> NotebookNode | None:
        if self._listener:
            self._tell(self._listener, msg["msg_type"], msg["content"], cell_index)
        try:
            return super().process_message(msg, cell, cell_index)
        except CellExecutionComplete:
            if self._streams is not None:
                self._streams.write()
            raise

    def _tell(self, listener: Listener, kind: str, content: Mapping[str, Any], index: int) -> None:
        if kind == "stream":
            listener.stream(index, content["name"], content["text"])
        elif kind in _DISPLAYS:
            data: Mapping[str, Any] = content["data"]
            if MIME in data:
                listener.verb(index, data[MIME])
            listener.display(index, data)
        elif kind == "error":
            listener.error(index, content["ename"], content["evalue"], content["traceback"])

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        """Adds an output; a listener's notebook keeps streams within bounds, so outputs are known by themselves and
        not by their place: that changes when something in front of them is cut.
        """
        if self._listener is None or self.output_hook_stack[msg["parent_header"].get("msg_id")]:
            return super().output(outs, msg, display_id, cell_index)
        if self.clear_before_next_output:
            self._clear(outs, cell_index)
            self.clear_before_next_output = False
        if msg["msg_type"] == "stream":
            return self._stream(outs, msg["content"])
        try:
            out: NotebookNode = output_from_msg(msg)
        except ValueError:
            self.log.warning("unhandled iopub msg: %s", msg["msg_type"])
            return None
        outs.append(out)
        if display_id:
            self._displayed.setdefault(display_id, []).append((cell_index, out))
        return out

    def _stream(self, outs: list[NotebookNode], content: Mapping[str, str]) -> NotebookNode:
        if self._streams is None or self._streams.outputs is not outs:
            self._streams = CellStreams(outs, self._stream_limit)
        self._streams.add(content["name"], content["text"])
        return NotebookNode(output_type="stream", name=content["name"], text=content["text"])

    def clear_output(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        super().clear_output(outs, msg, cell_index)
        if not outs:
            self._clear(outs, cell_index)

    def _clear(self, outs: list[NotebookNode], cell_index: int) -> None:
        outs[:] = []
        if self._streams is not None and self._streams.outputs is outs:
            self._streams.reset()
        for display_id, places in self._displayed.items():
            self._displayed[display_id] = [place for place in places if place[0] != cell_index]

    def _update_display_id(self, display_id: str, msg: dict[str, Any]) -> None:
        if self._listener is None:
            super()._update_display_id(display_id, msg)
            return
        content = msg["content"]
        for _, out in self._displayed.get(display_id, ()):
            out["data"] = content["data"]
            out["metadata"] = content["metadata"]
