"""Segments and lists over HTTP: what a script that builds on them relies on."""

from __future__ import annotations

import json
import uuid

import pytest
import requests

from waiting import wait_until

LONG = "x" * 300


@pytest.fixture(scope="module")
def people(server):
    """Forty customers: each knows their number, the even ones are VIPs, every fourth looked at products."""
    quaylai = server.client
    nonce = uuid.uuid4().hex[:8]
    users = [f"seg-{nonce}-{n:02}" for n in range(40)]
    for n, user in enumerate(users):
        quaylai.identify(user, {"number": n, "nonce": nonce, "firstName": "Bình", "email": f"{user}@example.com"})
        if n % 4 == 0:
            for view in range(1 + n // 10):
                quaylai.track("Product Viewed", {"product_id": f"p{view}", "price": 1000 * n, "value": n}, userId=user)
    quaylai.settle()
    return nonce, users


def mine(nonce: str) -> dict:
    return {"attribute": "nonce", "op": "eq", "value": nonce}


def make(quaylai, definition: dict, name: str | None = None, **more) -> dict:
    name = name or f"Khách {uuid.uuid4().hex[:8]}"
    return quaylai.write("POST", "/segments", {"name": name, "definition": definition, **more})


def live(quaylai, segment_id: str) -> dict:
    def is_live():
        segment = quaylai.get(f"/segments/{segment_id}")
        return segment if segment["state"] == "live" else None

    return wait_until(is_live, f"segment {segment_id} is live", 30)


def members(quaylai, segment_id: str, **params) -> set[str]:
    found = list(quaylai.all(f"/segments/{segment_id}/members", **params))
    users = [member["user_ids"][0] for member in found]
    assert len(set(users)) == len(users), "nobody comes twice"
    return set(users)


def test_a_segment_is_computed_counted_and_paged(quaylai, people):
    nonce, users = people
    definition = {"all": [mine(nonce), {"attribute": "number", "op": "gte", "value": 15}]}
    made = make(quaylai, definition, name=f"Từ số 15 {nonce}", description="Mô tả")
    assert made["id"].startswith("tu-so-15-"), made
    assert made["state"] in ("computing", "live") and made["version"] == 1
    segment = live(quaylai, made["id"])
    assert segment["count"] == 25
    assert segment["definition"] == definition, "as it was written"
    assert segment["computed_at"] and segment["used_by"] == [] and segment["description"] == "Mô tả"
    expect = set(users[15:])
    assert members(quaylai, made["id"]) == expect
    assert members(quaylai, made["id"], limit=7) == expect
    lines = quaylai.request("GET", f"/segments/{made['id']}/members.ndjson")
    assert lines.headers["content-type"] == "application/x-ndjson"
    streamed = [json.loads(line) for line in lines.body.splitlines()]
    assert {member["user_ids"][0] for member in streamed} == expect
    assert all(member["entered_at"] and member["profile_id"] == member["id"] for member in streamed)


def test_membership_follows_what_happens(quaylai, people):
    nonce, users = people
    definition = {"all": [mine(nonce), {"did": {"event": "Wished", "op": "gte", "value": 2}}]}
    segment = live(quaylai, make(quaylai, definition)["id"])
    assert segment["count"] == 0
    quaylai.track("Wished", {}, userId=users[3])
    quaylai.settle()
    assert members(quaylai, segment["id"]) == set()
    quaylai.track("Wished", {}, userId=users[3])
    quaylai.settle()
    assert members(quaylai, segment["id"]) == {users[3]}
    assert quaylai.get(f"/segments/{segment['id']}")["count"] == 1
    profile = quaylai.profile(f"user_id:{users[3]}")
    (turn,) = list(quaylai.all(f"/segments/{segment['id']}/history"))
    assert turn["turn"] == "entered" and turn["profile_id"] == profile["id"]
    own = {row["id"]: row for row in quaylai.get(f"/profiles/{profile['id']}/segments")["items"]}
    assert own[segment["id"]]["since"] == turn["at"]
    why = quaylai.get(f"/segments/{segment['id']}/explain", profile=f"user_id:{users[3]}")
    assert why["member"] is True and why["entered_at"] == turn["at"]
    assert any(one["actual"] == 2 and one["holds"] for one in why["compared"]), why
    why_not = quaylai.get(f"/segments/{segment['id']}/explain", profile=quaylai.profile(f"user_id:{users[4]}")["id"])
    assert why_not["member"] is False and why_not["entered_at"] is None
    assert any(one["actual"] == 0 and not one["holds"] for one in why_not["compared"]), why_not


def test_a_window_says_when_it_ends(quaylai, people):
    nonce, users = people
    definition = {"all": [mine(nonce), {"did": {"event": "Product Viewed", "window": {"last": "30d"}}}]}
    segment = live(quaylai, make(quaylai, definition)["id"])
    assert members(quaylai, segment["id"]) == {user for n, user in enumerate(users) if n % 4 == 0}
    why = quaylai.get(f"/segments/{segment['id']}/explain", profile=f"user_id:{users[0]}")
    assert why["member"] and why["changes_at"] > why["entered_at"]


@pytest.mark.parametrize(
    "leaf, wanted",
    [
        ({"did": {"event": "Product Viewed", "op": "gte", "value": 2}}, lambda n: n % 4 == 0 and n >= 10),
        ({"did": {"event": "Product Viewed", "op": "eq", "value": 0}}, lambda n: n % 4 != 0),
        ({"did": {"event": "Product Viewed", "measure": {"sum": "value"}, "op": "gt", "value": 40}}, None),
        ({"did": {"event": "Product Viewed", "where": [{"property": "price", "op": "gt", "value": 20000}]}}, None),
        ({"attribute": "number", "op": "lt", "value": 3}, lambda n: n < 3),
        ({"none": [{"attribute": "number", "op": "gte", "value": 1}]}, lambda n: n < 1),
    ],
)
def test_a_preview_counts_without_saving(quaylai, people, leaf, wanted):
    nonce, users = people
    views = {n: [n] * (1 + n // 10) for n in range(40) if n % 4 == 0}
    if wanted is None and "where" in leaf["did"]:
        wanted = lambda n: any(1000 * value > 20000 for value in views.get(n, []))
    elif wanted is None:
        wanted = lambda n: sum(views.get(n, [])) > 40
    definition = {"all": [mine(nonce), leaf]}
    expect = sum(1 for n in range(40) if wanted(n))
    estimate = quaylai.write("POST", "/segments/preview", {"definition": definition})
    assert estimate["low"] <= expect <= estimate["high"], estimate
    assert estimate["sample"] <= estimate["profiles"] and estimate["took_ms"] >= 0
    exact = quaylai.write("POST", "/segments/preview", {"definition": definition, "exact": True})
    assert exact["exact"] is True and exact["count"] == expect, exact
    saved = live(quaylai, make(quaylai, definition)["id"])
    assert saved["count"] == expect


def test_an_edit_is_a_version_that_tells_what_it_changed(quaylai, people):
    nonce, users = people
    before = {"all": [mine(nonce), {"attribute": "number", "op": "lt", "value": 10}]}
    after = {"all": [mine(nonce), {"attribute": "number", "op": "gte", "value": 8}]}
    segment = live(quaylai, make(quaylai, before)["id"])
    diff = quaylai.write("POST", f"/segments/{segment['id']}/diff", {"definition": after})
    assert (diff["before"], diff["after"]) == (10, 32)
    assert (diff["added"]["count"], diff["removed"]["count"]) == (30, 8)
    assert len(diff["added"]["sample"]) == 10 and diff["removed"]["sample"][0]["profile_id"]
    assert quaylai.get(f"/segments/{segment['id']}")["count"] == 10, "a difference changes nothing"
    quaylai.write("PATCH", f"/segments/{segment['id']}", {"definition": after})
    edited = live(quaylai, segment["id"])
    assert (edited["version"], edited["count"], edited["name"]) == (2, 32, segment["name"])
    newest, oldest = quaylai.all(f"/segments/{segment['id']}/versions", limit=1)
    assert (newest["version"], newest["members"], newest["added"], newest["removed"]) == (2, 32, 30, 8)
    assert (oldest["version"], oldest["members"], oldest["definition"]) == (1, 10, before)
    same = quaylai.write("PUT", f"/segments/{segment['id']}", {"name": segment["name"], "definition": after})
    assert same["version"] == 2, "the same again is no version"
    assert list(quaylai.all(f"/segments/{segment['id']}/history")) == [], "an edit is nobody's coming or going"


def test_segments_overlap_and_refer_to_each_other(quaylai, people):
    nonce, users = people
    low = live(quaylai, make(quaylai, {"all": [mine(nonce), {"attribute": "number", "op": "lt", "value": 20}]})["id"])
    even = make(quaylai, {"all": [{"segment": low["id"]}, {"attribute": "number", "op": "lt", "value": 6}]})
    even = live(quaylai, even["id"])
    assert even["count"] == 6
    shared = quaylai.get("/segments/overlap", a=low["id"], b=even["id"])
    assert shared == {"a": 20, "b": 6, "only_a": 14, "both": 6, "only_b": 0}
    used = quaylai.get(f"/segments/{low['id']}/usage")["items"]
    assert [(one["kind"], one["id"], one["holds"]) for one in used] == [("segment", even["id"], True)]
    refused = quaylai.request("DELETE", f"/segments/{low['id']}")
    assert refused.status == 409 and refused.body["code"] == "segment_in_use"
    assert refused.body["problems"][0]["id"] == even["id"]
    # Who refers to an edited segment follows it.
    narrow = {"all": [mine(nonce), {"attribute": "number", "op": "lt", "value": 3}]}
    quaylai.write("PATCH", f"/segments/{low['id']}", {"definition": narrow})
    live(quaylai, low["id"])
    wait_until(lambda: quaylai.get(f"/segments/{even['id']}")["count"] == 3, "the other one follows")
    assert quaylai.request("DELETE", f"/segments/{even['id']}").status == 200
    assert quaylai.request("DELETE", f"/segments/{low['id']}").body["state"] == "archived"
    assert quaylai.request("GET", f"/segments/{low['id']}/members").status == 409
    assert low["id"] not in {row["id"] for row in quaylai.all("/segments")}
    assert low["id"] in {row["id"] for row in quaylai.all("/segments", state="archived")}
    broken = quaylai.request("POST", f"/segments/{even['id']}/restore")
    assert broken.status == 422 and broken.body["problems"][0]["code"] == "segment.archived", broken
    quaylai.write("POST", f"/segments/{low['id']}/restore", {})
    assert live(quaylai, low["id"])["count"] == 3
    quaylai.write("POST", f"/segments/{even['id']}/restore", {})
    assert live(quaylai, even["id"])["count"] == 3


def test_a_cycle_is_refused(quaylai, people):
    nonce, _ = people
    a = make(quaylai, mine(nonce))
    b = make(quaylai, {"segment": a["id"]})
    answer = quaylai.request("PATCH", f"/segments/{a['id']}", json={"definition": {"any": [{"segment": b["id"]}]}})
    assert answer.status == 422, answer
    assert answer.body["problems"][0]["code"] == "segment.cycle"
    assert answer.body["problems"][0]["path"].startswith("definition.any.0")


def test_the_list_is_found_without_marks_and_paged(quaylai, people):
    nonce, _ = people
    names = [f"Đã mua áo dài {nonce} {n}" for n in range(5)]
    made = [make(quaylai, mine(nonce), name=name)["id"] for name in names]
    found = list(quaylai.all("/segments", search=f"da mua ao dai {nonce}", limit=2))
    assert [row["id"] for row in found] == made
    assert "definition" not in found[0]
    assert all(live(quaylai, one)["count"] == 40 for one in made)
    assert all(row["count"] == 40 for row in quaylai.all("/segments", search=f"da mua ao dai {nonce}"))


@pytest.mark.parametrize(
    "body, path",
    [
        ({"name": "x", "definition": {}}, "definition"),
        ({"name": "x", "definition": {"all": []}}, "definition.all"),
        ({"name": "x", "definition": {"any": [{"attribute": "city", "op": "near", "value": 1}]}}, "definition.any.0.op"),
        ({"name": "x", "definition": {"any": [{"tag": "a"}, {"did": {"event": ""}}]}}, "definition.any.1.did.event"),
        ({"name": "x", "definition": {"did": {"event": "A", "window": {"last": "soon"}}}}, "definition.did.window.last"),
        ({"name": "x", "definition": {"segment": "nowhere"}}, "definition.segment"),
        ({"name": "x", "definition": {"event": {"name": "A"}}}, "definition.event"),
        ({"name": "x", "definition": {"tag": "a", "list": "b"}}, "definition"),
    ],
)
def test_a_definition_that_cannot_be_used_says_where(quaylai, body, path):
    for where in ("/segments", "/segments/preview"):
        told = body if where == "/segments" else {"definition": body["definition"]}
        answer = quaylai.request("POST", where, json=told)
        assert answer.status == 422 and answer.body["code"] == "invalid_definition", answer
        assert answer.headers["content-type"] == "application/problem+json"
        assert path in [problem["path"] for problem in answer.body["problems"]], answer.body


def test_names_ids_and_unknown_things_get_clear_answers(quaylai, people):
    nonce, _ = people
    first = make(quaylai, mine(nonce), name=f"Quen {nonce}", id=f"quen-{nonce}")
    assert first["id"] == f"quen-{nonce}"
    again = quaylai.request("POST", "/segments", json={"name": f"QUEN {nonce}", "definition": mine(nonce)})
    assert (again.status, again.body["code"]) == (409, "name_taken"), again
    taken = {"id": first["id"], "name": "Khác", "definition": mine(nonce)}
    assert quaylai.request("POST", "/segments", json=taken).body["code"] == "exists_already"
    for bad in ({"name": ""}, {"name": LONG}, {"id": "có dấu", "name": "x"}):
        answer = quaylai.request("POST", "/segments", json={"definition": mine(nonce), **bad})
        assert answer.status == 422, (bad, answer)
    assert quaylai.request("POST", "/segments", json={"name": "x"}).status == 422
    for path in ("", "/members", "/members.ndjson", "/versions", "/usage", "/history", "/explain?profile=x"):
        assert quaylai.request("GET", f"/segments/nowhere{path}").status == 404, path
    nobody = quaylai.request("GET", f"/segments/{first['id']}/explain", params={"profile": "user_id:nobody"})
    assert nobody.status == 404
    large = {"any": [{"tag": f"{n}-{'x' * 990}"} for n in range(199)]}
    assert quaylai.request("POST", "/segments/preview", json={"definition": large}).status == 200
    huge = {"any": [large, large]}
    assert quaylai.request("POST", "/segments/preview", json={"definition": huge}).status == 422
    assert quaylai.request("GET", "/segments", params={"limit": 0}).status == 400
    assert quaylai.request("GET", "/segments", params={"cursor": "x"}).status == 400


def test_a_key_that_may_only_read_cannot_write(server, quaylai, people):
    nonce, _ = people
    key = quaylai.write("POST", "/keys", {"kind": "secret", "name": "reads", "scopes": ["read"]})["key"]
    body = {"name": f"Không được {nonce}", "definition": mine(nonce)}

    def status(method: str, path: str, told: dict | None = None) -> int:
        # A connection of its own for each: one that is refused before its body was read may be closed.
        bearer = {"authorization": f"Bearer {key}", "connection": "close"}
        url = f"{quaylai.base}/api/v1{path}"
        return requests.request(method, url, json=told, headers=bearer, timeout=30).status_code

    assert status("POST", "/segments", body) == 403
    assert status("POST", "/segments/preview", {"definition": mine(nonce)}) == 200
    assert status("GET", "/segments") == 200
    assert status("POST", "/lists", {"name": "x"}) == 403


def test_lists_take_people_on_and_off(quaylai, people):
    nonce, users = people
    made = quaylai.write("POST", "/lists", {"name": f"Khách mời {nonce}"})
    assert made["id"] == f"khach-moi-{nonce}" and made["count"] == 0
    segment = live(quaylai, make(quaylai, {"list": made["id"]})["id"])
    ids = {user: quaylai.profile(f"user_id:{user}")["id"] for user in users[:6]}
    named = [f"user_id:{users[0]}", f"email:{users[1]}@example.com", ids[users[2]], ids[users[0]], "email:khong.ai@shop.example"]
    told = quaylai.write("POST", f"/lists/{made['id']}/members", {"add": named})
    assert told == {"added": 3, "removed": 0, "unknown": ["email:khong.ai@shop.example"]}
    on = {row["user_ids"][0] for row in quaylai.all(f"/lists/{made['id']}/members", limit=2)}
    assert on == set(users[:3]) == members(quaylai, segment["id"])
    preview = quaylai.write("POST", "/segments/preview", {"definition": {"all": [mine(nonce), {"list": made["id"]}]}})
    assert preview["low"] <= 3 <= preview["high"]
    quaylai.write("POST", f"/lists/{made['id']}/members", {"remove": [ids[users[1]]], "add": [ids[users[5]]]})
    assert quaylai.get(f"/lists/{made['id']}")["count"] == 3
    assert members(quaylai, segment["id"]) == {users[0], users[2], users[5]}
    assert quaylai.request("DELETE", f"/lists/{made['id']}").body["code"] == "list_in_use"
    renamed = quaylai.write("PATCH", f"/lists/{made['id']}", {"name": f"Danh sách {nonce}"})
    assert renamed["name"] == f"Danh sách {nonce}"
    assert made["id"] in {row["id"] for row in quaylai.all("/lists")}
    assert quaylai.request("DELETE", f"/segments/{segment['id']}").status == 200
    assert quaylai.request("DELETE", f"/lists/{made['id']}").status == 204
    assert quaylai.request("GET", f"/lists/{made['id']}").status == 404
    again = quaylai.write("POST", "/lists", {"name": "Mới", "id": made["id"]})
    assert again["count"] == 0, "nobody of the old one comes back"


def test_segments_survive_a_kill(server, people):
    quaylai = server.client
    nonce, users = people
    definition = {"all": [mine(nonce), {"did": {"event": "Kept"}}]}
    segment = live(quaylai, make(quaylai, definition)["id"])
    quaylai.track("Kept", {}, userId=users[7])
    server.kill()
    server.start()
    quaylai.settle()
    assert members(quaylai, segment["id"]) == {users[7]}
    quaylai.track("Kept", {}, userId=users[8])
    quaylai.settle()
    assert members(quaylai, segment["id"]) == {users[7], users[8]}
