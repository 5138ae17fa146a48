# SPDX-License-Identifier: BSD-2-Clause
"""End-to-end tests: real daemons, real kernels' forwarding, in network namespaces.

    @pytest.mark.requirement("H-11", "H-12")
    def test_something(make_world):
        world = make_world(interfaces=2)

`make_world` builds what topo.demo describes (arguments go there), starts the daemons, and takes everything away after the
test. A requirement counts as proven when every test that names it passed, and each of them moved packets
end to end: world.packets_moved, counted at receivers. Wait with world.wait(condition, "what"), never by sleeping."""
import json
import os
import pathlib
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "lab"))
os.environ.setdefault("ROAM_BUILD", str(TOP / "build"))

from roamlab import net  # noqa: E402
from roamlab.world import World  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--e2e-result", metavar="FILE", help="write each test's outcome as JSON")


def pytest_configure(config):
    config.addinivalue_line("markers", "requirement(*ids): what of requirements.md the test proves")
    config.addinivalue_line("markers", "radio(name): the fixture whose world the test wants")
    config.e2e = {}
    net.gc()


def pytest_collection_modifyitems(items):
    """Without root nothing can run; a missing daemon is a failure, which the tests will show."""
    if os.geteuid():
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.fixture
def make_world(request):
    """Factory of running worlds; on failure the daemons' last words are printed."""
    worlds = []

    def make(*args, **kw):
        world = World(*args, **kw)
        worlds.append(world)
        return world.__enter__()

    yield make
    report = getattr(request.node, "report_call", None)
    faults = []
    for world in worlds:
        if report is None or report.failed:
            print(world.logs())
        try:
            world.close()
        except RuntimeError as e:
            faults.append(str(e))
    request.node.packets_moved = sum(w.packets_moved for w in worlds)
    assert not faults, "\n".join(faults)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    setattr(item, f"report_{report.when}", report)
    if report.when == "teardown":
        _record(item)


def _record(item):
    """One test's outcome, and which requirements it names; what was skipped has none."""
    reports = [getattr(item, f"report_{w}", None) for w in ("setup", "call", "teardown")]
    if any(r and r.skipped for r in reports):
        return
    item.config.e2e[item.nodeid] = {
        "passed": all(r and r.passed for r in reports),
        "moved": bool(getattr(item, "packets_moved", 0)),
        "requirements": [name for mark in item.iter_markers("requirement") for name in mark.args],
    }


def pytest_sessionfinish(session):
    path = session.config.getoption("--e2e-result")
    if path:
        pathlib.Path(path).write_text(json.dumps(session.config.e2e))
