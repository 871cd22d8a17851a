"""Measures what pages ask of recommendations, against a running server that holds nothing yet.

    python recommendations_load.py http://127.0.0.1:8420 WRITE_KEY SECRET_KEY [PEOPLE] [REQUESTS_PER_SECOND]

It tells 2,000 products, people with looks and orders of skewed tastes, then asks places as pages do: alone, after what
suits the shop was learned, and beside 100 events a second. It prints one JSON object a measurement; `floor` is an endpoint
that does next to nothing.
"""

from __future__ import annotations

import base64
import http.client
import json
import random
import sys
import threading
import time

PRODUCTS = 2_000
SECONDS = 20
THREADS = 4


class Shop:
    def __init__(self, base: str, write: str, secret: str, people: int):
        self.host = base.split("//")[1]
        self.write = write
        self.people = people
        self.of_page = "Basic " + base64.b64encode(f"{write}:".encode()).decode()
        self.of_shop = f"Bearer {secret}"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, timeout=60)

    def call(self, connection: http.client.HTTPConnection, method: str, path: str, body=None, key: str | None = None) -> None:
        headers = {"content-type": "application/json"} | ({"authorization": key} if key else {})
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status < 300, (path, answer.status, told[:300])

    def told(self, method: str, path: str, body=None) -> dict:
        connection = self.connect()
        headers = {"content-type": "application/json", "authorization": self.of_shop}
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        return json.loads(connection.getresponse().read())

    def learn(self) -> dict:
        """Has the ways to recommend tried on what was told, and says what serves."""
        job = self.told("POST", "/api/v1/models/fit", {"kinds": ["recommend"]})["id"]
        while self.told("GET", f"/api/v1/jobs/{job}")["state"] not in ("completed", "failed", "cancelled"):
            time.sleep(0.5)
        report = self.told("GET", "/api/v1/models/recommend")["report"]
        return {"verdict": report["verdict"], "chosen": report["chosen"], "asked": report["asked"]}

    def device(self, n: int) -> str:
        return f"anonymous-device-{n:08}"

    def fill(self, rng: random.Random) -> int:
        connection = self.connect()
        for start in range(0, PRODUCTS, 500):
            items = [
                {"product_id": f"p{n}", "name": f"Sản phẩm {n} loại {n % 37} màu {n % 11}", "price": 10_000 * (1 + n % 80), "cost": 5_000 * (1 + n % 80),
                 "stock": n % 13, "category": f"c{n % 25}", "url": f"https://shop.example/p{n}"}
                for n in range(start, start + 500)
            ]
            self.call(connection, "PUT", "/api/v1/products", {"items": items}, self.of_shop)
        sent, batch = 0, []
        for n in range(self.people):
            who = {"userId": f"u{n}", "anonymousId": self.device(n)}
            taste = popular(rng)
            # Half a year, in order, so that what came later can be told apart from what came before.
            days = sorted(rng.uniform(0, 180) for _ in range(15))[::-1]
            at = lambda k: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days[k] * 86_400))  # noqa: E731
            near = lambda: f"p{(taste + rng.randint(0, 15)) % PRODUCTS}"  # noqa: E731
            for k in range(rng.randint(1, 12)):
                product = near() if rng.random() < 0.5 else f"p{popular(rng)}"
                batch.append({"type": "track", "event": "Product Viewed", "messageId": f"v{n}-{k}", "properties": {"product_id": product}, "timestamp": at(k), **who})
            for k in range(rng.randint(0, 3)):
                lines = [{"product_id": near(), "quantity": 1, "price": 10_000} for _ in range(rng.randint(1, 4))]
                properties = {"order_id": f"o{n}-{k}", "total": 50_000, "products": lines}
                batch.append({"type": "track", "event": "Order Completed", "messageId": f"o{n}-{k}", "properties": properties, "timestamp": at(12 + k), **who})
            if len(batch) > 200 or n + 1 == self.people:
                sent += len(batch)
                self.call(connection, "POST", "/v1/batch", {"batch": batch}, self.of_page)
                batch = []
        # Answered when all that came before it is taken in.
        self.call(connection, "PUT", "/api/v1/products", {"items": [{"product_id": "p0", "stock": 5}]}, self.of_shop)
        return sent


def popular(rng: random.Random) -> int:
    return int(PRODUCTS * rng.random() ** 2.5)


def measure(shop: Shop, name: str, path_of, rate: float, seconds: float = SECONDS) -> None:
    times: list[float] = []
    end = time.monotonic() + seconds

    def ask(seed: int) -> None:
        rng, connection = random.Random(seed), shop.connect()
        while time.monotonic() < end:
            begun = time.perf_counter()
            shop.call(connection, "GET", path_of(rng), key=shop.of_page)
            times.append(time.perf_counter() - begun)
            time.sleep(max(0.0, THREADS / rate - times[-1]))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times.sort()
    at = lambda share: round(times[min(len(times) - 1, int(len(times) * share))] * 1_000, 2)  # noqa: E731
    figures = {"requests": len(times), "per_second": round(len(times) / seconds), "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99), "max_ms": at(1)}
    print(json.dumps({"measured": name, **figures}), flush=True)


def main() -> None:
    shop = Shop(*sys.argv[1:4], int(sys.argv[4]) if len(sys.argv) > 4 else 3_000)
    rate = float(sys.argv[5]) if len(sys.argv) > 5 else 100
    rng = random.Random(7)
    begun = time.monotonic()
    sent = shop.fill(rng)
    print(json.dumps({"measured": "fill", "messages": sent, "seconds": round(time.monotonic() - begun, 1)}))
    begun = time.monotonic()
    shop.call(shop.connect(), "GET", "/v1/recommendations?place=popular", key=shop.of_page)
    print(json.dumps({"measured": "first answer", "ms": round((time.monotonic() - begun) * 1_000)}))

    def page(rng: random.Random) -> str:
        kind, device = rng.random(), shop.device(rng.randrange(shop.people))
        if kind < 0.4:
            return f"/v1/recommendations?place=product&products=p{popular(rng)}&anonymousId={device}"
        if kind < 0.8:
            return f"/v1/recommendations?place=home&anonymousId={device}"
        return f"/v1/recommendations?place=cart&cart=p{rng.randrange(PRODUCTS)},p{rng.randrange(PRODUCTS)}&anonymousId={device}"

    measure(shop, "warm up", page, rate)
    measure(shop, "pages", page, rate)
    begun = time.monotonic()
    learned = shop.learn()
    print(json.dumps({"measured": "learn", **learned, "seconds": round(time.monotonic() - begun, 1)}))
    # A new version is noticed within a minute of being asked, and learned behind who asks.
    measure(shop, "pages while it is taken up", page, rate, 75)
    measure(shop, "pages, learned", page, rate)
    is_over = threading.Event()

    def happen() -> None:
        connection, turn = shop.connect(), 0
        while not is_over.wait(0.2):
            turn += 1
            batch = [
                {"type": "track", "event": "Product Viewed", "userId": f"u{rng.randrange(shop.people)}", "messageId": f"x{turn}-{k}", "properties": {"product_id": f"p{popular(rng)}"}}
                for k in range(20)
            ]
            shop.call(connection, "POST", "/v1/batch", {"batch": batch}, shop.of_page)

    beside = threading.Thread(target=happen)
    beside.start()
    measure(shop, "pages beside 100 events a second", page, rate)
    is_over.set()
    beside.join()
    measure(shop, "floor", lambda _: f"/v1/projects/{shop.write}/settings", rate, 8)


if __name__ == "__main__":
    main()
