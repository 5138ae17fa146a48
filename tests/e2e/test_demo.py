# SPDX-License-Identifier: BSD-2-Clause
"""The demo itself, shortened: the form of its JSON, its page, and what it promises."""
import json
import re
import subprocess
from dataclasses import dataclass

import pytest

import conftest

DIRECTION = {"sent", "lost", "doubled", "reordered", "gap_ms"}
MESSAGES = {"home_agent", "mma", "multicast", "refresh"}
MOVES = ["home to site 1", "site 1 to site 2", "site 2 to home"]


@dataclass
class Outcome:
    family: str
    text: str
    page: str
    journeys: dict
    between: dict


@pytest.fixture(scope="module", params=["ipv6", "ipv4"])
def outcome(request, tmp_path_factory):
    """The demo of a family, run once."""
    d = tmp_path_factory.mktemp("demo")
    words = [] if request.param == "ipv6" else [request.param]
    done = subprocess.run([conftest.TOP / "run", "demo", *words, "--handovers", "4", "--json", d / "demo.json", "--html", d / "demo.html"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads((d / "demo.json").read_text())
    assert set(data) == ({"journeys", "between_sites"} if request.param == "ipv6" else {"journeys"})
    return Outcome(request.param, done.stdout, (d / "demo.html").read_text(), data["journeys"], data.get("between_sites", {}))


def test_json_has_the_agreed_form(outcome):
    journeys = outcome.journeys
    assert set(journeys) == {f"mobile-{outcome.family}", "break-before-make", "make-before-break"}
    for j in journeys.values():
        assert set(j) == {"handovers", "rate_pps", "down", "up", "tcp_bps", "messages", "messages_intra_site"}
        assert j["handovers"] == 4 and j["rate_pps"] == 1000
        for d in (j["down"], j["up"]):
            assert set(d) == DIRECTION and set(d["gap_ms"]) == {"median", "p99", "max"}
        assert set(j["messages"]) == set(j["messages_intra_site"]) == MESSAGES


@pytest.mark.requirement("H-7", "H-11", "H-12")
def test_journeys_differ_as_they_should(outcome, request):
    """Make-before-break loses and doubles nothing, Roamcast's handovers say nothing to home agent and MMA; Mobile IP's do."""
    journeys, plain = outcome.journeys, outcome.journeys[f"mobile-{outcome.family}"]
    request.node.packets_moved = sum(j["down"]["sent"] - j["down"]["lost"] for j in journeys.values())
    best = journeys["make-before-break"]
    assert [best[d][k] for d in ("down", "up") for k in ("lost", "doubled")] == [0, 0, 0, 0]
    for name in ("break-before-make", "make-before-break"):
        inside = journeys[name]["messages_intra_site"]
        assert (inside["home_agent"], inside["mma"]) == (0, 0)
        assert inside["multicast"] > 0
    assert plain["messages_intra_site"]["home_agent"] >= 2 * 4
    assert journeys["break-before-make"]["down"]["gap_ms"]["median"] < plain["down"]["gap_ms"]["median"]
    assert all(j["tcp_bps"] > 0 for j in journeys.values())


@pytest.mark.requirement("H-15", "H-16", "H-17", "H-20")
@pytest.mark.parametrize("outcome", ["ipv6"], indirect=True)
def test_between_sites(outcome, request):
    """Home, site 1, site 2, home: with two radios nothing is lost or doubled, with one the old agent's ring holds what came meanwhile; once the
    correspondent node knows, nothing passes through the home agent's tunnel."""
    between = outcome.between
    assert set(between) == {"one-radio", "two-radios"}
    for name, journey in between.items():
        assert list(journey["moves"]) == MOVES
        for title, move in journey["moves"].items():
            assert move["down"]["sent"] >= 1000
            assert move.get("through_home_agent_later", 0) == move.get("tunnelled_later", 0) == 0
            assert move["down"]["doubled"] == move["up"]["doubled"] == 0
            if name == "two-radios":
                assert (move["down"]["lost"], move["up"]["lost"]) == (0, 0), title
            elif title != MOVES[0]:
                assert move["down"]["lost"] == 0, title
        assert journey["moves"][MOVES[1]]["forwarded"] > 0
    request.node.packets_moved = sum(m["down"]["sent"] - m["down"]["lost"] for j in between.values() for m in j["moves"].values())


def test_page_stands_alone(outcome):
    text, page = outcome.text, outcome.page
    assert "<svg" in page and "prefers-color-scheme: dark" in page
    assert not re.search(r"(src|href)\s*=|url\((?!#)|@import|https?://", page)
    assert "make-before-break" in text and "interruption" in text
    assert outcome.family == "ipv4" or all(move in text and move in page for move in MOVES)
