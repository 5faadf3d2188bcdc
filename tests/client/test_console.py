"""What a person sees of a plan and of its end, and in which shape."""

from __future__ import annotations

import io
import re
import sys
import tracemalloc
from datetime import UTC, datetime

import pytest

from client.checkup.findings import bad, good
from client.console import Console
from client.explain import Section
from client.stop import Stopped
from client.table import BLOCK
from sync.guard import Judgement, Refusal
from sync.model import Cause, Change, Edit, Held, Kind, Outcome, Status
from sync.plan import Plan
from sync.report import Exit, Run
from tests.client.shown import EDITOR, Terminal, large_plan, plan_of

ESCAPE = re.compile(r"\x1b\[[\d;]*m")
SMALL = plan_of(
    Change(Kind.CREATE, "new@x.io", edits=(Edit("name", None, "New One"), Edit("nickname", None, "n"))),
    Change(Kind.UPDATE, "old@x.io", "auth0|1", edits=(Edit("name", "Old", "New"), Edit("nickname", None, "o"))),
    Change(Kind.ADD_ROLES, "new@x.io", roles=(EDITOR,)),
    Change(Kind.DELETE, "gone@x.io", "auth0|2", cause=Cause.MISSING),
    held=(Held("", "the row has no e-mail", (7,)),),
)


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the tests is nobody's terminal."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def on_terminal(monkeypatch: pytest.MonkeyPatch, plan: Plan, columns: int = 80) -> str:
    """What a terminal of so many columns gets."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    Console(everything=True).plan(plan)
    return terminal.getvalue()


def run_of(plan: Plan | None, code: Exit, *outcomes: Outcome, **more: object) -> Run:
    run = Run("run", "0", "sync", "people", datetime.now(UTC), command=("python", "main.py", "sync"))
    run.plan, run.exit_code, run.outcomes = plan, code, outcomes
    for name, value in more.items():
        setattr(run, name, value)
    return run


def test_a_plan_is_its_counts_and_then_a_list_of_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    Console(everything=True).plan(SMALL)

    assert capsys.readouterr().out.splitlines() == [
        "Plan 0123456789ab for connection people: 0 people in the source, 0 accounts in scope",
        "+1 create, ~1 update, +1 give roles, -1 delete; 1 held",
        "create (1)",
        '  new@x.io    name: "New One"; nickname: "n"',
        "update (1)",
        '  old@x.io    name: "Old" → "New"',
        '              nickname: (none) → "o"',
        "give roles (1)",
        "  new@x.io    editor",
        "delete (1)",
        "  gone@x.io    not in the source",
        "held, left as they are (1)",
        "  (row 7)    the row has no e-mail",
    ]


def test_a_plan_of_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Console(everything=True).plan(plan_of())

    assert capsys.readouterr().out.splitlines()[1:] == ["Nothing to change."]


def test_a_sync_shows_the_first_twenty_of_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    Console(everything=False).plan(large_plan(25))

    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "+25 create, ~25 update, +25 give roles, -25 delete"
    assert sum(line.startswith("  gone") for line in lines) == 20
    assert lines.count("  ... and 5 more (all of them: python main.py plan, or --report FILE)") == 4


def test_on_a_terminal_it_is_coloured_and_says_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Console(everything=True).plan(SMALL)
    piped = capsys.readouterr().out

    coloured = on_terminal(monkeypatch, SMALL, 200)

    assert "\x1b[31m" in coloured
    assert "\x1b[32m" in coloured
    assert ESCAPE.sub("", coloured) == piped


@pytest.mark.parametrize("columns", [40, 41, 63, 64, 80, 120, 200])
def test_no_line_is_longer_than_the_terminal_is_wide(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    long = Change(Kind.DELETE, f"{'x' * 150}@x.io", "auth0|3", cause=Cause.MISSING)

    for plan in (SMALL, plan_of(*SMALL.changes, long)):
        lines = ESCAPE.sub("", on_terminal(monkeypatch, plan, columns)).splitlines()

        assert max(map(len, lines)) <= columns
        assert "new@x.io" in "".join(lines)


def test_a_terminal_may_be_resized_between_plan_and_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    shown = Console(everything=True)

    shown.plan(SMALL)
    monkeypatch.setenv("COLUMNS", "40")
    before = len(terminal.getvalue())
    shown.summary(run_of(SMALL, Exit.OK, *(Outcome(change, Status.DONE) for change in SMALL.changes)))

    lines = ESCAPE.sub("", terminal.getvalue()[before:]).splitlines()
    assert max(map(len, lines)) <= 40
    assert "delete: 1 done" in lines


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_whoever_wants_no_colours_gets_none(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    shown = on_terminal(monkeypatch, SMALL, 40)

    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 40


def test_a_pipe_has_no_width_whatever_the_shell_says_of_its_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    Console(everything=True).plan(SMALL)

    assert '  new@x.io    name: "New One"; nickname: "n"\n' in capsys.readouterr().out


def test_colours_can_be_forced_into_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    Console(everything=True).plan(plan_of(Change(Kind.CREATE, f"{'x' * 200}@x.io")))

    out = capsys.readouterr().out
    assert "\x1b[32m+1 create\x1b[0m" in out
    assert f"  {'x' * 200}@x.io\n" in out


@pytest.mark.parametrize("closed", [None, io.StringIO()], ids=["before the start", "since then"])
def test_where_stdout_is_closed_nothing_is_said_and_nothing_fails(
    closed: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if closed is not None:
        closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    shown = Console(everything=True)

    shown.plan(SMALL)
    shown.summary(run_of(SMALL, Exit.OK, Outcome(SMALL.changes[0], Status.DONE)))


def test_who_is_muted_says_nothing_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    muted = Console(everything=True, muted=True)
    refused = Judgement((Refusal("deletes", "too many would be deleted"),))

    muted.plan(SMALL)
    muted.refusals(run_of(SMALL, Exit.REFUSED, guard=refused))
    muted.summary(run_of(SMALL, Exit.REFUSED, guard=refused, error="and more"))

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("code", "silent"), [(Exit.OK, True), (Exit.PENDING, True), (Exit.REFUSED, False)])
def test_who_is_quiet_speaks_of_what_went_wrong(
    code: Exit,
    silent: bool,  # noqa: FBT001
    capsys: pytest.CaptureFixture[str],
) -> None:
    quiet = Console(everything=True, quiet=True)

    quiet.plan(SMALL)
    quiet.summary(run_of(SMALL, code))

    assert (capsys.readouterr().out == "") is silent


def test_the_summary_has_a_table_of_what_became_of_the_changes(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes = [Outcome(change, Status.DONE) for change in SMALL.changes[:3]]
    outcomes.append(Outcome(SMALL.changes[3], Status.FAILED, "Auth0 said no"))

    Console(everything=True).summary(run_of(SMALL, Exit.PARTIAL, *outcomes))

    assert capsys.readouterr().out.splitlines()[2:] == [
        "",
        "  change       done   failed   skipped   not tried   kept back",
        " ──────────────────────────────────────────────────────────────",
        "  create          1        0         0           0           0",
        "  update          1        0         0           0           0",
        "  give roles      1        0         0           0           0",
        "  delete          0        1         0           0           0",
        "",
        "applied, but not for everyone (0 requests, 0 retries, 0 answered 429, 0.0 s); exit 3",
    ]


def test_on_a_terminal_an_explanation_is_folded_below_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "40")
    lines = ["1 of the 71 rows of the query", '  row 8: email "ann@x.io", role "support"']

    Console(everything=True).explanation("ann@x.io", [Section("source", lines), Section("match", [])])

    assert ESCAPE.sub("", terminal.getvalue()).splitlines() == [
        "ann@x.io",
        "source      1 of the 71 rows of the",
        "              query",
        '              row 8: email "ann@x.io",',
        '                role "support"',
        "match",
    ]


@pytest.mark.parametrize(("encoding", "marks"), [("utf-8", ["✔", "✘"]), ("ascii", ["ok", "!!"])])
def test_the_marks_of_a_check_are_some_that_can_be_written(
    encoding: str, marks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stdout = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", stdout)
    shown = Console(everything=True)

    shown.finding(good("query", "3 rows", ["1 of them held"]))
    shown.finding(bad("token", "refused"))

    said = stdout.buffer.getvalue().decode(encoding).splitlines()
    assert said == [f"{marks[0]} query: 3 rows", "    1 of them held", f"{marks[1]} token: refused"]


def test_the_command_that_approves_a_plan_is_one_line_on_any_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "40")

    Console(everything=True).refusals(
        run_of(SMALL, Exit.REFUSED, guard=Judgement((Refusal("deletes", "too many would be deleted"),)))
    )

    assert "  python main.py sync --approve 0123456789ab\n" in ESCAPE.sub("", terminal.getvalue())


def test_a_run_that_is_to_stop_ends_a_long_list(capsys: pytest.CaptureFixture[str]) -> None:
    looks = iter(range(1000))

    def check() -> None:
        if next(looks) >= 2:
            raise Stopped("SIGINT")

    Console(everything=True, check=check).plan(large_plan(2000))

    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("  ") for line in lines) == 2 * BLOCK


def test_a_long_plan_is_never_in_memory_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(Terminal):
        def write(self, text: str) -> int:
            return len(text)

    plan = large_plan(1000)
    monkeypatch.setattr(sys, "stdout", Forgetful())
    tracemalloc.start()
    try:
        Console(everything=True).plan(plan)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 3_000_000  # bytes; all of it, laid out at once, takes eight times as many
