"""What a kernel sends, masked, in order."""

from typing import Any

from gristmill.secrets.masking import Mask
from gristmill.worker.masking import MessageMask


def masked(*messages: tuple[str, dict[str, Any]]) -> list[tuple[str, Any]]:
    """Of streams the text, of others the content."""
    mask = MessageMask(Mask({"S": "s3cret"}))
    taken = [
        one
        for kind, content in messages
        for one in mask.take({"msg_type": kind, "content": content, "parent_header": {}})
    ]
    return [(one["msg_type"], one["content"].get("text", one["content"])) for one in taken]


def stream(text: str, name: str = "stdout") -> tuple[str, dict[str, Any]]:
    return "stream", {"name": name, "text": text}


IDLE = ("status", {"execution_state": "idle"})
BUSY = ("status", {"execution_state": "busy"})


def test_a_value_over_three_messages_is_masked() -> None:
    taken = masked(BUSY, stream("a s3"), stream("cr"), stream("et b\n"), IDLE)
    assert taken == [(*BUSY,), ("stream", "a "), ("stream", "*** b\n"), (*IDLE,)]


def test_each_stream_has_its_own_end_and_beginning() -> None:
    taken = masked(stream("s3"), stream("s3", "stderr"), stream("cret\n"), stream("cret\n", "stderr"))
    assert taken == [("stream", "***\n"), ("stream", "***\n")]


def test_what_is_held_back_comes_before_what_is_displayed_after_it() -> None:
    display = ("display_data", {"data": {"text/plain": "<s3cret>"}, "metadata": {}})
    taken = masked(stream("class"), display, stream("s3"), IDLE)
    assert taken == [
        ("stream", "clas"),
        ("stream", "s"),
        ("display_data", {"data": {"text/plain": "<***>"}, "metadata": {}}),
        ("stream", "s3"),
        (*IDLE,),
    ]


def test_errors_widgets_and_results_are_masked() -> None:
    error = {"ename": "E", "evalue": "no s3cret", "traceback": ["line s3cret"]}
    comm = {"comm_id": "1", "data": {"state": {"value": "s3cret"}}}
    taken = masked(("error", error), ("comm_open", comm))
    assert "s3cret" not in str(taken)


def test_without_secrets_messages_are_passed_on_as_they_are() -> None:
    message = {"msg_type": "stream", "content": {"name": "stdout", "text": "s3cret"}}
    assert list(MessageMask(Mask({})).take(message)) == [message]
    assert MessageMask(Mask({})).reply(None) is None


def test_the_reply_to_a_request_is_masked() -> None:
    reply = MessageMask(Mask({"S": "s3cret"})).reply({"content": {"status": "error", "evalue": "s3cret"}})
    assert reply == {"content": {"status": "error", "evalue": "***"}}
