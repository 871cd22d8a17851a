"""The tracking libraries of other vendors, unmodified, against the real server."""

from __future__ import annotations

from collections import Counter

import pytest

from sdk_story import AO_DAI, NON_LA, PLAYERS, Story, tell
from waiting import wait_until


@pytest.fixture(params=sorted(PLAYERS))
def library(request) -> str:
    return request.param


def arrived(quaylai, recorder) -> None:
    """Every message that went over the wire is stored exactly once, and processed."""
    ids = recorder.message_ids()
    quaylai.settle()
    wait_until(lambda: all(quaylai.event_count(i) >= 1 for i in ids), f"{len(ids)} messages stored")
    counts = {message_id: quaylai.event_count(message_id) for message_id in ids}
    assert set(counts.values()) == {1}, counts


def check_profile(quaylai, story: Story) -> str:
    """The person, the timeline and the order of a story; returns the profile id."""
    profile = quaylai.profile(f"user_id:{story.user_id}")
    for identifier in (
        f"email:{story.email}",
        f"phone:{story.phone}",
        f"anonymous_id:{story.first_device}",
        f"anonymous_id:{story.second_device}",
    ):
        assert [p["id"] for p in quaylai.profiles(identifier)] == [profile["id"]], identifier
    attributes = profile["attributes"]
    assert (attributes["firstName"], attributes["lastName"]) == ("An", "Nguyễn")
    assert attributes["city"] == "Hà Nội"
    assert attributes["vip"] is True

    timeline = quaylai.events_of(profile["id"])
    named = Counter(event["name"] for event in timeline if event["kind"] == "track")
    assert {name: named[name] for name in story.expected_events()} == story.expected_events()
    kinds = Counter(event["kind"] for event in timeline)
    assert (kinds["identify"], kinds["page"], kinds["alias"]) == (1, 1, 1)

    (order,) = quaylai.orders_of(profile["id"])
    assert order["order_id"] == story.order_id
    assert order["currency"] == "VND"
    assert order["total"] == 1_160_000
    lines = {line["product_id"]: (line["quantity"], line["price"]) for line in order["lines"]}
    assert lines == {p["product_id"]: (p["quantity"], p["price"]) for p in (AO_DAI, NON_LA)}
    return profile["id"]


def test_delivers_the_story_and_a_replay_changes_nothing(library, quaylai, recorder):
    story = tell(library)
    PLAYERS[library](recorder.url, quaylai.write_key, story.steps)
    assert len(recorder.message_ids()) == len(story.steps)
    assert {exchange.status for exchange in recorder.posted()} == {200}
    arrived(quaylai, recorder)
    profile_id = check_profile(quaylai, story)

    before, total = quaylai.picture_of(profile_id), quaylai.event_count()
    recorder.replay()
    quaylai.settle()
    arrived(quaylai, recorder)
    assert quaylai.picture_of(profile_id) == before
    assert quaylai.event_count() == total


def test_a_lost_answer_is_sent_again_and_counted_once(library, quaylai, recorder):
    story = tell(library)
    recorder.lose_answers(1)
    PLAYERS[library](recorder.url, quaylai.write_key, story.steps)
    assert len(recorder.messages()) > len(recorder.message_ids()), "the library did not retry"
    arrived(quaylai, recorder)
    check_profile(quaylai, story)


def test_a_refused_request_is_sent_again(library, quaylai, recorder):
    """In a browser the second attempt carries a header of its own, which the preflight must allow."""
    story = tell(library)
    recorder.refuse(1)
    PLAYERS[library](recorder.url, quaylai.write_key, story.steps)
    assert len(recorder.message_ids()) == len(story.steps)
    arrived(quaylai, recorder)
    check_profile(quaylai, story)


def test_the_browser_may_ask_first(quaylai):
    """What Chromium sends before a cross-origin call, in plain sight."""
    response = quaylai._http.options(
        f"{quaylai.base}/v1/t",
        headers={
            "origin": "https://aodaihanh.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type,x-retry-count",
        },
        timeout=10,
    )
    assert response.ok
    assert response.headers["access-control-allow-origin"] in ("*", "https://aodaihanh.example")
    allowed = response.headers["access-control-allow-headers"].lower()
    # A wildcard would not do: it never covers Authorization.
    assert all(name in allowed for name in ("authorization", "content-type", "x-retry-count")), allowed


def test_the_librarys_own_metrics_are_taken_and_dropped(quaylai):
    before = quaylai.event_count()
    response = quaylai._http.post(f"{quaylai.base}/v1/m", json={"series": [{"type": "Counter"}]}, timeout=10)
    assert response.status_code == 200
    quaylai.settle()
    assert quaylai.event_count() == before
