"""What a shopper does, told once, and the four tracking libraries that tell it to Quaylai.

The story has two devices that turn out to be one person, a browse, a sign-up, a cart, a burst of views that goes
out as batches, and an order. Every library gets the same steps through its own public calls.
"""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

HERE = Path(__file__).parent
BURST = 20

AO_DAI = {
    "product_id": "AD-001",
    "sku": "AD-001-M",
    "name": "Áo dài lụa Hà Đông",
    "category": "Áo dài",
    "variant": "M",
    "price": 890_000,
    "quantity": 1,
    "currency": "VND",
    "url": "https://aodaihanh.example/ao-dai-lua-ha-dong",
}
NON_LA = {
    "product_id": "NL-002",
    "sku": "NL-002",
    "name": "Nón lá Huế",
    "category": "Phụ kiện",
    "price": 120_000,
    "quantity": 2,
    "currency": "VND",
    "url": "https://aodaihanh.example/non-la-hue",
}


@dataclass(frozen=True)
class Story:
    user_id: str
    email: str
    phone: str
    first_device: str
    second_device: str
    order_id: str
    steps: list[dict]

    def expected_events(self) -> dict[str, int]:
        """How often each named event must stand in the timeline."""
        counts: dict[str, int] = {}
        for step in self.steps:
            if step["call"] == "track":
                counts[step["event"]] = counts.get(step["event"], 0) + 1
        return counts


def tell(name: str) -> Story:
    nonce = uuid.uuid4().hex[:10]
    user_id = f"{name}-{nonce}"
    email = f"{name}.{nonce}@example.com"
    phone = f"090{int(nonce, 16) % 10_000_000:07d}"
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    order_id = f"DH-{nonce}"
    steps = [
        {"call": "track", "anonymousId": second, "event": "Products Searched", "properties": {"query": "áo dài"}},
        {"call": "page", "anonymousId": first, "name": "Trang chủ", "properties": {"path": "/", "title": "Áo dài Hạnh"}},
        {"call": "track", "anonymousId": first, "event": "Product Viewed", "properties": AO_DAI},
        {
            "call": "identify",
            "anonymousId": first,
            "userId": user_id,
            "traits": {
                "email": email,
                "phone": phone,
                "firstName": "An",
                "lastName": "Nguyễn",
                "city": "Hà Nội",
                "birthday": "1994-03-08",
                "vip": True,
            },
        },
        {"call": "track", "userId": user_id, "event": "Product Added", "properties": {**AO_DAI, "cart_id": f"C-{nonce}"}},
        {"call": "track", "userId": user_id, "event": "Product Added", "properties": {**NON_LA, "cart_id": f"C-{nonce}"}},
        {"call": "alias", "userId": user_id, "previousId": second},
        *(
            {
                "call": "track",
                "userId": user_id,
                "event": "Product Viewed",
                "properties": {"product_id": f"SP-{n:03d}", "name": f"Sản phẩm {n}", "price": 100_000 + n},
            }
            for n in range(BURST)
        ),
        {
            "call": "track",
            "userId": user_id,
            "event": "Order Completed",
            "properties": {
                "order_id": order_id,
                "cart_id": f"C-{nonce}",
                "currency": "VND",
                "total": 1_160_000,
                "shipping": 30_000,
                "products": [AO_DAI, NON_LA],
            },
        },
    ]
    return Story(user_id, email, phone, first, second, order_id, steps)


def _play_in_python(client, steps: list[dict]) -> None:
    for step in steps:
        who = {"user_id": step.get("userId"), "anonymous_id": step.get("anonymousId")}
        match step["call"]:
            case "identify":
                client.identify(traits=step["traits"], **who)
            case "track":
                client.track(event=step["event"], properties=step["properties"], **who)
            case "page":
                client.page(name=step["name"], properties=step["properties"], **who)
            case "alias":
                client.alias(previous_id=step["previousId"], user_id=step["userId"])
            case other:
                raise AssertionError(f"unknown call: {other}")
    client.flush()
    client.join()


def segment_python(host: str, write_key: str, steps: list[dict]) -> None:
    from segment.analytics.client import Client

    failures: list[Exception] = []
    client = Client(write_key, host=host, on_error=lambda error, _: failures.append(error), upload_size=10, max_retries=3)
    _play_in_python(client, steps)
    assert not failures, failures


def rudder_python(host: str, write_key: str, steps: list[dict]) -> None:
    from rudderstack.analytics.client import Client

    failures: list[Exception] = []
    client = Client(write_key, host=host, on_error=lambda error, _: failures.append(error), upload_size=10, max_retries=3)
    _play_in_python(client, steps)
    assert not failures, failures


def _play_in_node(script: str, story: dict) -> None:
    done = subprocess.run(
        ["node", str(HERE / "node" / script), json.dumps(story)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "NODE_ENV": "production"},
        timeout=120,
    )
    assert done.returncode == 0, (script, done.returncode, done.stdout, done.stderr)


def segment_node(host: str, write_key: str, steps: list[dict]) -> None:
    _play_in_node("segment_node.mjs", {"host": host, "writeKey": write_key, "steps": steps})


def _segment_browser(strategy: str) -> Callable[[str, str, list[dict]], None]:
    def play(host: str, write_key: str, steps: list[dict]) -> None:
        story = {"host": host, "writeKey": write_key, "strategy": strategy, "steps": steps}
        _play_in_node("segment_browser.mjs", story)

    return play


PLAYERS: dict[str, Callable[[str, str, list[dict]], None]] = {
    "segment-python": segment_python,
    "rudder-python": rudder_python,
    "segment-node": segment_node,
    "segment-browser": _segment_browser("standard"),
    "segment-browser-batching": _segment_browser("batching"),
}
