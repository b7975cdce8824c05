"""What axe-core finds on a page: contrast, labels, roles, landmarks."""

import pytest


def barriers(page, within: str | None = None, least: int = 15) -> list[tuple]:
    """Rules that the page breaks, with the first places of each.

    within : a selector of the part that is looked at, the whole page where None
    least : rules that must have passed, so that a page that was not looked at does not pass
    """
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    found = axe.Axe().run(page, context=within).response
    assert found["testEngine"]["name"] == "axe-core" and len(found["passes"]) > least
    return [
        (rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found["violations"]
    ]
