"""Customers, one by one, from several clients at once: plain HTTP, as any program would send it."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Traffic:
    """What the clients saw. Times are in milliseconds, of one request each."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    differences: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.times)

    @property
    def largest_difference(self) -> float:
        return max(self.differences)

    def quantile(self, share: float) -> float:
        return sorted(self.times)[min(self.count - 1, int(share * self.count))]


def send_one_by_one(url: str, key: str, customers: list[dict[str, Any]], *, clients: int) -> Traffic:
    """Every customer once, in a request of its own; `clients` threads, each with a connection that it keeps."""
    traffic = Traffic()
    threads = [
        threading.Thread(target=_send, args=(url, key, customers[first::clients], traffic)) for first in range(clients)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    traffic.seconds = time.perf_counter() - began
    return traffic


def _send(url: str, key: str, customers: list[dict[str, Any]], traffic: Traffic) -> None:
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as http:
        for one in customers:
            began = time.perf_counter()
            answer = http.post("/invocations", json={"dataframe_records": [one["customer"]]})
            traffic.times.append((time.perf_counter() - began) * 1000)
            if answer.status_code != 200:
                traffic.refused.append(f"{answer.status_code} {answer.text}")
                continue
            (probabilities,) = answer.json()["predictions"]
            pairs = zip(probabilities, one["probabilities"], strict=True)
            traffic.differences.append(max(abs(here - there) for here, there in pairs))
