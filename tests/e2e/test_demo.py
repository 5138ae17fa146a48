# SPDX-License-Identifier: BSD-2-Clause
"""The demo itself, shortened: the form of its JSON, its page, and what it promises."""
import json
import re
import subprocess

import pytest

import conftest

DIRECTION = {"sent", "lost", "doubled", "reordered", "gap_ms"}
MESSAGES = {"home_agent", "mma", "multicast", "refresh"}
JOURNEYS = {"mobile-ipv6", "break-before-make", "make-before-break"}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    d = tmp_path_factory.mktemp("demo")
    done = subprocess.run([conftest.TOP / "run", "demo", "--handovers", "4", "--json", d / "demo.json", "--html", d / "demo.html"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads((d / "demo.json").read_text())["journeys"], (d / "demo.html").read_text()


def test_json_has_the_agreed_form(outcome):
    _, journeys, _ = outcome
    assert set(journeys) == JOURNEYS
    for j in journeys.values():
        assert set(j) == {"handovers", "rate_pps", "down", "up", "tcp_bps", "messages", "messages_intra_site"}
        assert j["handovers"] == 4 and j["rate_pps"] == 1000
        for d in (j["down"], j["up"]):
            assert set(d) == DIRECTION and set(d["gap_ms"]) == {"median", "p99", "max"}
        assert set(j["messages"]) == set(j["messages_intra_site"]) == MESSAGES


@pytest.mark.requirement("H-11", "H-12")
def test_journeys_differ_as_they_should(outcome, request):
    """Make-before-break loses and doubles nothing, Roamcast's handovers say nothing to home agent and MMA; Mobile IPv6's do."""
    _, journeys, _ = outcome
    request.node.packets_moved = sum(j["down"]["sent"] - j["down"]["lost"] for j in journeys.values())
    best = journeys["make-before-break"]
    assert [best[d][k] for d in ("down", "up") for k in ("lost", "doubled")] == [0, 0, 0, 0]
    for name in ("break-before-make", "make-before-break"):
        inside = journeys[name]["messages_intra_site"]
        assert (inside["home_agent"], inside["mma"]) == (0, 0)
        assert inside["multicast"] > 0
    assert journeys["mobile-ipv6"]["messages_intra_site"]["home_agent"] >= 2 * 4
    assert journeys["break-before-make"]["down"]["gap_ms"]["median"] < journeys["mobile-ipv6"]["down"]["gap_ms"]["median"]
    assert all(j["tcp_bps"] > 0 for j in journeys.values())


def test_page_stands_alone(outcome):
    text, _, page = outcome
    assert "<svg" in page and "prefers-color-scheme: dark" in page
    assert not re.search(r"(src|href)\s*=|url\((?!#)|@import|https?://", page)
    assert "make-before-break" in text and "interruption" in text
