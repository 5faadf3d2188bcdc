"""`python -m bench.pictures`: the pictures of the documents, from real runs against the sandbox and a real browser."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from config.settings import Settings
from sandbox import DEFAULT_CONNECTION, Sandbox, Tenant
from sandbox.people import seed

_ROOT = Path(__file__).resolve().parent.parent
_PICTURES = _ROOT / "docs" / "images"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_PEOPLE = 240
_COLUMNS = 120  # of the terminal
_THEME = TerminalTheme(
    (18, 22, 28),
    (222, 227, 234),
    [(49, 58, 70), (255, 157, 146), (123, 208, 161), (236, 188, 98),
     (141, 180, 232), (207, 160, 233), (117, 205, 214), (222, 227, 234)],
)  # fmt: skip
_FRAME = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 28px; background: #dfe3e8; }
main { background: {background}; border-radius: 10px; overflow: hidden; box-shadow: 0 8px 24px #1b243040; }
p { margin: 0; padding: 9px 16px; background: #252d38; color: #a0abb9; font: 13px system-ui, sans-serif; }
pre { margin: 0; padding: 14px 18px 20px; color: {foreground}; font: 13.5px/1.42 ui-monospace, Menlo, monospace; }
</style><main><p>TITLE</p><pre>{code}</pre></main>"""
_QUERY = """
SELECT id, email, role, full_name AS name, given_name, family_name, department, active FROM people
"""
_COPY = "full_name, given_name, family_name, department, 1, role FROM people WHERE id BETWEEN"
_DAYS = (  # what becomes of the people from one day to the next
    "DELETE FROM people WHERE id IN (11, 12)",
    "UPDATE people SET department = 'Sales' WHERE id BETWEEN 20 AND 23",
    f"INSERT INTO people SELECT id + 1000, 'new.' || email, {_COPY} 30 AND 36",
    "UPDATE people SET role = 'editor' WHERE id IN (40, 41) AND role = 'viewer'",
    "UPDATE people SET active = 0 WHERE id IN (50, 51)",
    f"INSERT INTO people SELECT id + 2000, 'more.' || email, {_COPY} 60 AND 63",
    "DELETE FROM people WHERE id BETWEEN 70 AND 74",
    "UPDATE people SET department = 'Finance' WHERE id IN (80, 81)",
)
_TODAY = """
DELETE FROM people WHERE id IN (101, 102);
UPDATE people SET active = 0 WHERE id = 110;
UPDATE people SET email = lower(given_name) || '.lindqvist@example.com', full_name = given_name || ' Lindqvist',
  family_name = 'Lindqvist' WHERE id = 104;
UPDATE people SET department = 'Operations' WHERE id IN (105, 106);
UPDATE people SET role = 'billing' WHERE id IN (107, 108) AND role = 'viewer';
INSERT INTO people VALUES
  (3001, 'aiko.tanaka@example.com', 'Aiko Tanaka', 'Aiko', 'Tanaka', 'Engineering', 1, 'analyst'),
  (3001, 'aiko.tanaka@example.com', 'Aiko Tanaka', 'Aiko', 'Tanaka', 'Engineering', 1, 'editor'),
  (3002, 'lucas.meyer@example.org', 'Lucas Meyer', 'Lucas', 'Meyer', 'Sales', 1, 'viewer');
UPDATE people SET role = NULL WHERE id = 120;
UPDATE people SET email = 'no address yet' WHERE id = 121;
UPDATE people SET role = 'superuser' WHERE id = 122;
"""


@dataclass(frozen=True, slots=True)
class _Company:
    """A tenant, a table of people and a folder for what the runs leave behind."""

    folder: Path
    settings: dict[str, str]

    def live(self, day: str) -> None:
        """Let a day pass in the database."""
        with closing(sqlite3.connect(self.folder / "people.db")) as database, database:
            database.executescript(day)

    def run(self, *arguments: str, **settings: str) -> str:
        """What `python main.py` says to stdout."""
        command = [sys.executable, str(_ROOT / "main.py"), "-q", *arguments]
        environment = {**self.settings, **settings}
        return subprocess.run(
            command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, text=True, check=False
        ).stdout

    def page(self, name: str, *arguments: str, **settings: str) -> Path:
        path = self.folder / f"{name}.html"
        path.write_text(self.run(*arguments, "--format", "html", **settings), encoding="utf-8")
        return path

    def in_a_terminal(self, *arguments: str) -> str:
        """What stdout gets where a person looks at it, colours included; bars and logs go to stderr."""
        command = [sys.executable, str(_ROOT / "main.py"), *arguments]
        environment = {**self.settings, "TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(_COLUMNS)}
        return _on_a_terminal(command, self.folder, environment)


def _on_a_terminal(command: Sequence[str], folder: Path, environment: dict[str, str]) -> str:
    ours, theirs = os.openpty()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
    ) as process:
        os.close(theirs)
        said = b""
        try:
            while data := os.read(ours, 65536):
                said += data
        except OSError:  # so Linux says that nobody has the terminal open any more
            pass
        process.wait()
    os.close(ours)
    return said.decode().replace("\r\n", "\n")


@contextmanager
def _company() -> Iterator[_Company]:
    with tempfile.TemporaryDirectory(prefix="pictures-") as name:
        folder, tenant = Path(name), Tenant()
        seed(tenant, folder / "people.db", people=_PEOPLE, drift="none")
        with Sandbox(tenant) as sandbox:
            ours = {name.upper() for name in Settings.model_fields}
            machine = {name: value for name, value in os.environ.items() if name.upper() not in ours}
            yield _Company(folder, machine | {
                "AUTH0_URL": sandbox.url, "AUTH0_CLIENT_ID": tenant.client_id,
                "AUTH0_CLIENT_SECRET": tenant.client_secret, "AUTH0_CONNECTION": DEFAULT_CONNECTION,
                "AUTH0_ROLE_READ": "members", "USERS_DB_URL": f"sqlite:///{folder / 'people.db'}",
                "USERS_DB_QUERY": _QUERY, "DB_COLUMNS_APP_METADATA": "department", "LOG_LEVEL": "WARNING",
                "CLIENT_IGNORE_ROLES": "admin", "SYNC_ROLE_MINIMUM": "billing:2",
            })  # fmt: skip


def _terminal_page(folder: Path, title: str, said: str) -> Path:
    """What was said on a terminal, as a page that looks like one."""
    shown = Console(record=True, width=_COLUMNS, file=io.StringIO(), color_system="truecolor", force_terminal=True)
    shown.print(Text.from_ansi(said))
    path = folder / "terminal.html"
    frame = _FRAME.replace("{ ", "{{ ").replace("; }", "; }}").replace("TITLE", title)
    html = shown.export_html(theme=_THEME, code_format=frame, inline_styles=True)
    path.write_text(html, encoding="utf-8")
    return path


def _photograph(page: Path, picture: str, width: int, height: int, *, dark: bool = False) -> None:
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"None of {', '.join(_BROWSERS)} is on the PATH.")
    command = [
        browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        f"--user-data-dir={page.parent / 'browser'}", f"--window-size={width},{height}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}", f"--screenshot={_PICTURES / picture}",
        page.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=True)
    print(f"{picture}: {(_PICTURES / picture).stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Make the pictures of `docs/images`."""
    _PICTURES.mkdir(exist_ok=True)
    with _company() as company:
        company.run()
        for day in _DAYS:
            company.live(day)
            company.run()
        company.live(_TODAY)
        said = company.in_a_terminal("plan")
        pages = {
            "plan": _terminal_page(company.folder, "python main.py plan", said),
            "report": company.page("report"),
            "refused": company.page("refused", USERS_DB_QUERY=f"{_QUERY} WHERE email LIKE '%.org'"),
        }
        for folder in sys.argv[1:]:  # to look at them
            for page in pages.values():
                shutil.copy(page, folder)
        _photograph(pages["plan"], "plan.png", 1080, 135 + 19 * len(said.splitlines()))
        _photograph(pages["report"], "report.png", 1180, 1460)
        _photograph(pages["report"], "report-dark.png", 1180, 1460, dark=True)
        _photograph(pages["refused"], "refused.png", 1180, 820)


if __name__ == "__main__":
    main()
