"""An eSMS that takes messages and tells what became of them when it is asked, in the mood of the moment."""

from __future__ import annotations

import json
import threading
from collections import Counter
from urllib.parse import parse_qsl, urlsplit

from json_server import JsonHandler, JsonServer

API_KEY = "ESMS-API-KEY"
SECRET_KEY = "esms-bi-mat"
BRANDNAME = "AODAIHANH"

BASE = "/MainService.svc/json"
BATCH = range(30, 5_001)


class EsmsServer:
    """`mood` is how it answers questions: `tells`, `limits` (code 160), `breaks` (HTTP 500) or `hangs`.

    `arrived` and `lost` hold the last nine digits of numbers whose fate is known; all others are on their way.
    """

    def __init__(self):
        self.mood = "tells"
        self.arrived: set[str] = set()
        self.lost: set[str] = set()
        #: What was taken: the numbers by `SMSID`.
        self.taken: dict[str, list[str]] = {}
        #: How often it was asked about an `SMSID`.
        self.asked: Counter[str] = Counter()
        self.faults: list[str] = []
        self.hanging = threading.Event()
        self._requests: dict[str, str] = {}
        self._ended = threading.Event()
        self._lock = threading.Lock()
        esms = self

        class Handler(JsonHandler):
            def do_GET(self):
                status, told = esms._fates(self.path)
                self.say(told, status)

            def do_POST(self):
                self.say(esms._take(self.path, self.body()))

        self._server = JsonServer(Handler)
        self.base = self._server.base

    def close(self) -> None:
        self._ended.set()
        self._server.close()

    def questions(self) -> int:
        return sum(self.asked.values())

    def _take(self, path: str, raw: bytes) -> dict:
        body = json.loads(raw)
        is_batch = path == f"{BASE}/SendMultipleSMSBrandname_json/"
        if not is_batch and path != f"{BASE}/SendMultipleMessage_V4_post_json/":
            self.faults.append(f"POST {path}")
            return {"CodeResult": "99", "ErrorMessage": "no such call"}
        if (body.get("ApiKey"), body.get("SecretKey")) != (API_KEY, SECRET_KEY):
            self.faults.append("keys of a message")
            return {"CodeResult": "101", "ErrorMessage": "Authorize Failed"}
        numbers = body["Phones"] if is_batch else [body["Phone"]]
        if is_batch and len(set(numbers)) not in BATCH:
            return {"CodeResult": "107", "ErrorMessage": "Each request has at least 30 numbers to be approved"}
        with self._lock:
            request = body["RequestId"]
            if request in self._requests:
                return {"CodeResult": "124", "ErrorMessage": "Request exist"}
            sms_id = self._requests[request] = f"d533459ee42b2b9525ba{len(self._requests) + 1:04}"
            self.taken[sms_id] = numbers
        return {"CodeResult": "100", "CountRegenerate": 0, "SMSID": sms_id}

    def _fates(self, path: str) -> tuple[int, dict]:
        url = urlsplit(path)
        query = parse_qsl(url.query)
        names = [name for name, _ in query]
        told = dict(query)
        if url.path != f"{BASE}/GetSmsReceiverStatus_get" or names != ["ApiKey", "SecretKey", "RefId"]:
            self.faults.append(f"GET {url.path} {names}")
            return 404, {}
        if (told["ApiKey"], told["SecretKey"]) != (API_KEY, SECRET_KEY):
            self.faults.append("keys of a question")
            return 200, {"CodeResult": "101", "ErrorMessage": "Authorize Failed"}
        with self._lock:
            mood = self.mood
            self.asked[told["RefId"]] += 1
        if mood == "hangs":
            self.hanging.set()
            self._ended.wait(60)
            return 200, {}
        if mood == "limits":
            return 200, {"CodeResult": "160", "ErrorMessage": "Over TPS"}
        if mood == "breaks":
            return 500, {"error": "Internal"}
        if told["RefId"] not in self.taken:
            return 200, {"CodeResult": "105", "ErrorMessage": "RefId not exist"}
        return 200, {"CodeResult": "100", "ReceiverList": [self._fate(one) for one in self.taken[told["RefId"]]]}

    def _fate(self, number: str) -> dict:
        national = number[-9:]
        known = national in self.arrived or national in self.lost
        return {
            "IsSent": known,
            "NetworkName": "Viettel",
            "Phone": f"0{national}",
            "Retry": 0,
            "SentResult": national in self.arrived,
        }
