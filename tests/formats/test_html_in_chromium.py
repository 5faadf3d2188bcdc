"""The page in a real browser: what it shows, what it runs, what it asks for, and how it looks to whom."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from client.formats import render
from tests.formats import chromium
from tests.formats.builders import HOSTILE, every_run, large_run, poisoned, refused_run, synced_run
from tests.formats.chromium import Browser, Listener, Show, Tab

pytestmark = pytest.mark.skipif(
    chromium.program() is None,
    reason=f"NO BROWSER: none of {', '.join(chromium.NAMES)} is on the PATH, so nobody has looked at the page",
)
SHOWN = "[...document.querySelectorAll('table.rows tr[data-o]')].filter(row => row.checkVisibility())"
CONTRASTS = """
(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = channels(colour).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (channels(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest("script, svg, option")) continue;
    const pair = [getComputedStyle(element).color, ground(element)];
    const [dark, bright] = pair.map(light).sort((a, b) => a - b);
    found[pair.join(" on ")] = (bright + 0.05) / (dark + 0.05);
  }
  return found;
})()
"""
TYPED = """
new Promise((done) => {
  const began = performance.now();
  const input = document.querySelector("input");
  input.value = "person.77";
  input.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
})
"""


def who(tab: Tab) -> list[str]:
    """The e-mails of the rows that can be seen."""
    return [str(email) for email in tab.ask(f"{SHOWN}.map(row => row.cells[0].firstChild.textContent)")]


@pytest.mark.parametrize("document", every_run().values(), ids=every_run().keys())
def test_every_run_is_shown_without_a_complaint_of_the_browser(show: Show, document: dict[str, Any]) -> None:
    tab = show(document)

    number = sum(len(document[name]) for name in ("changes", "held", "protected", "possible_renames", "notes"))
    assert tab.ask("document.querySelectorAll('h1').length") == 1
    assert len(who(tab)) == number
    assert tab.told("Log.entryAdded") == []
    assert tab.told("Runtime.exceptionThrown") == []


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_name_is_text_and_runs_nothing(show: Show, listener: Listener, hostile: str) -> None:
    tab = show(poisoned(synced_run(), hostile))

    assert tab.ask("document.title").startswith("Applied, but not for everyone: sync of ")
    assert tab.ask("[document.scripts.length, document.images.length, document.styleSheets.length].join()") == "1,0,1"
    assert tab.ask("getComputedStyle(document.querySelector('h1')).display") == "flex"
    assert [one["request"]["url"][:5] for one in tab.told("Network.requestWillBeSent")] == ["file:"]
    assert "evil.test" not in listener.heard()


def test_the_listener_would_hear_of_a_page_that_asks(browser: Browser, listener: Listener, tmp_path: Path) -> None:
    path = tmp_path / "other.html"
    path.write_text("<img src=http://evil.test/image>", encoding="utf-8")

    browser.open().send("Page.navigate", url=path.as_uri())

    assert any("evil.test" in listener.heard() for _ in range(100))


def test_what_somebody_else_puts_into_the_file_is_kept_from_running(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    foreign = "<script>document.title='owned'</script><img src=http://evil.test/x onerror=\"document.title='owned'\">"
    path.write_text(render(synced_run(), "html").replace("<main>", f"<main>{foreign}"), encoding="utf-8")
    tab = browser.open()

    tab.go(path.as_uri())

    assert tab.ask("document.title") != "owned"
    said = (one["entry"]["text"] for _ in range(100) for one in tab.told("Log.entryAdded"))
    assert any("Content Security Policy" in text for text in said)


def test_a_search_in_the_address_hides_all_other_rows(show: Show) -> None:
    tab = show(synced_run(), "#q=ANN%40x.io%20berg")

    assert who(tab) == ["ann@x.io"]
    assert tab.ask("document.querySelector('output').textContent") == f"1 of {len(who(show(synced_run())))} rows"
    assert tab.ask("document.querySelector('caption').innerText").startswith("Changes")
    kinds = "[...document.querySelectorAll('tr.kind')].filter(row => row.checkVisibility()).map(row => row.innerText)"
    assert [kind.split()[0] for kind in tab.ask(kinds)] == ["update"]


def test_what_is_typed_filters_and_stays_in_the_address(show: Show) -> None:
    tab = show(synced_run())

    tab.ask("document.querySelector('input').focus()")
    tab.send("Input.insertText", text="the role is null")
    tab.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    assert who(tab) == ["held@x.io"]
    assert tab.ask("location.hash") == "#q=the+role+is+null"


@pytest.mark.parametrize(
    ("outcome", "expected"), [("failed", ["ann@x.io"]), ("held", ["held@x.io"]), ("nonsense", None)]
)
def test_an_outcome_can_be_chosen(show: Show, outcome: str, expected: list[str] | None) -> None:
    tab = show(synced_run(), f"#outcome={outcome}")

    assert who(tab) == (who(show(synced_run())) if expected is None else expected)
    assert tab.ask("document.querySelector('select').value") == ("" if expected is None else outcome)
    assert tab.ask("document.querySelector('select').selectedIndex") >= 0


def test_a_search_that_finds_nothing_says_so_and_another_brings_all_back(show: Show) -> None:
    tab = show(synced_run(), "#q=nobody%20at%20all")
    none = who(tab)

    tab.ask("void (location.hash = '')")
    tab.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    assert none == []
    assert len(who(tab)) > 5


def test_without_scripts_all_rows_are_there_and_no_search_that_would_not_work(show: Show) -> None:
    tab = show(synced_run(), "#q=ann", scripts=False)

    assert len(who(tab)) == len(who(show(synced_run())))
    assert tab.ask("document.querySelector('form').checkVisibility()") is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["synced", "refused", "failed", "approved"])
def test_every_word_can_be_told_from_its_ground(show: Show, name: str, scheme: str) -> None:
    tab = show(every_run()[name])
    tab.prefer(scheme)

    contrasts = tab.ask(CONTRASTS)

    assert len(contrasts) > 3
    assert {pair: ratio for pair, ratio in contrasts.items() if ratio < 4.5} == {}  # WCAG 2.2, 1.4.3


def test_whoever_likes_it_dark_gets_it_dark(show: Show) -> None:
    tab = show(synced_run())
    light = tab.send("Page.captureScreenshot")["data"]

    tab.prefer("dark")

    assert tab.send("Page.captureScreenshot")["data"] != light
    assert tab.ask("getComputedStyle(document.body).backgroundColor") == "rgb(18, 22, 28)"


@pytest.mark.parametrize("width", [320, 390, 768])
@pytest.mark.parametrize("name", ["synced", "refused", "failed"])
def test_a_small_screen_has_to_be_scrolled_in_one_direction_only(show: Show, name: str, width: int) -> None:
    tab = show(poisoned(every_run()[name], "anamewithoutanygap" * 12), width=width)

    wide = "[...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > innerWidth + 1)"
    assert tab.ask("document.documentElement.scrollWidth") <= width
    assert tab.ask(f"{wide}.filter(one => !one.closest('svg')).map(one => one.outerHTML.slice(0, 80))") == []


def test_on_paper_there_is_everything_and_no_search(show: Show) -> None:
    document = refused_run()
    document["guard"]["refusals"][0]["concerned"] = [f"person.{one}@x.io" for one in range(40)]
    tab = show(document)
    tab.prefer("light", "print")

    shown = tab.ask("[...document.querySelectorAll('.names li')].map(one => one.checkVisibility())")
    pdf = base64.b64decode(tab.send("Page.printToPDF", printBackground=True)["data"])

    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") >= 1
    assert tab.ask("document.querySelector('input').checkVisibility()") is False
    assert len(shown) > 40
    assert all(shown)
    assert tab.ask("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_whoever_listens_is_told_headings_tables_and_what_the_charts_show(show: Show) -> None:
    tab = show(synced_run())

    nodes = tab.send("Accessibility.getFullAXTree")["nodes"]
    said = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]}
    assert ("heading", "Applied, but not for everyone") in said
    assert {name for role, name in said if role == "columnheader"} >= {"Who", "What, and why", "Outcome"}
    assert {"The guard", "What changed", "Who and what", "The run"} <= {
        name for role, name in said if role == "heading"
    }
    assert ("searchbox", "Search") in said
    assert tab.ask("document.documentElement.lang") == "en"
    assert {role for role, _ in said} >= {"main", "table", "rowheader", "search"}


def test_ten_thousand_changes_can_still_be_searched(show: Show) -> None:
    tab = show(large_run(), "#q=person.9999%40")
    found = who(tab)

    took = tab.ask(TYPED)

    assert found == ["person.9999@example.com"]
    assert len(who(tab)) == 111
    assert took < 10_000  # milliseconds, of a machine that has other things to do
