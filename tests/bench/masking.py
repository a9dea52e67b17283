"""How long it takes to mask 200 MB of streamed text, by the size of the messages that it comes in.

    python tests/bench/masking.py

The text holds no value, as nearly all text does. Nothing else is timed: no kernel, no messages, no disk.
"""

import secrets
import time

from gristmill.secrets.masking import Mask, StreamMask

LINE = "epoch 12345 of 99999: loss 0.12345678 accuracy 0.98765432 and some more text of a line\n"
TOTAL = 200 * 2**20
LINES = "\n".join(secrets.token_urlsafe(48) for _ in range(26))
CASES = {
    "no secret": {},
    "one token of 40 characters": {"A": secrets.token_urlsafe(30)},
    "five of them": {f"S{number}": secrets.token_urlsafe(30) for number in range(5)},
    "a private key of 28 lines": {"K": f"-----BEGIN PRIVATE KEY-----\n{LINES}\n-----END PRIVATE KEY-----\n"},
}


def seconds(mask: Mask, size: int) -> float:
    """Of processor time, in messages of `size` characters, most of which end within a line."""
    message = (LINE * (size // len(LINE) + 1))[:size]
    stream = StreamMask(mask)
    began = time.process_time()
    for _ in range(TOTAL // size):
        stream.feed(message)
    return time.process_time() - began


def main() -> None:
    for name, values in CASES.items():
        mask = Mask(values)
        for size in (85, 8192, 65536):
            took = seconds(mask, size)
            print(f"{name} ({len(mask.needles)} forms), messages of {size} characters: {took:.2f} s")  # noqa: T201  # its result


if __name__ == "__main__":
    main()
