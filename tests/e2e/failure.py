# SPDX-License-Identifier: BSD-2-Clause
"""What fixtures do when a test that used their world has failed."""


def tell(request, words):
    """Behind a fixture's yield: prints what words() gives, and is true, when the test has failed."""
    report = getattr(request.node, "report_call", None)   # none: it never began
    has_failed = report is not None and report.failed
    if has_failed:
        print(words())
    return has_failed
