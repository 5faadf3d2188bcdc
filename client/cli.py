"""The command line: arguments in, exit code out."""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from client import __version__
from sync import address
from sync.report import Exit
from sync.text import visible

_COMMANDS = {
    "sync": "make the tenant agree with the query (this is what no command means)",
    "plan": "show what sync would do; nothing is written",
    "check": "try everything that a run needs; nothing is written",
    "explain": "say why one person is treated so; nothing is written",
    "restore": "bring back what a run took from accounts, as its journal has it",
    "demo": "see all of it on a local tenant that is made for the purpose",
}
FORMATS = ("text", "json", "csv", "markdown", "html")
_EPILOG = """exit codes:
  0 converged or planned   1 failed, try again     2 plan --detailed-exitcode: changes are pending
  3 partial (held, failed) 4 refused by a guard    5 another run is going on
  64 usage                 78 settings             130/143 stopped by SIGINT/SIGTERM
"""


class _Parser(argparse.ArgumentParser):
    """Usage errors end with 64, as sysexits.h has it."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(Exit.USAGE, f"{self.prog}: {visible(message)}\n")


def make_parser() -> _Parser:
    """The whole command line. Flags may stand before or after the command."""
    everywhere = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    everywhere.add_argument("--env-file", type=Path, metavar="FILE", help="settings (default: .env, if there is one)")
    everywhere.add_argument("--log-format", choices=("text", "json"), help="instead of LOG_FORMAT")
    loudness = everywhere.add_mutually_exclusive_group()
    loudness.add_argument("-v", "--verbose", action="store_true", help="log every request")
    loudness.add_argument("-q", "--quiet", action="store_true", help="say nothing unless something is wrong")
    output = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    output.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write what happened: as HTML, CSV or Markdown if it is called so, else as JSON",
    )
    output.add_argument("--format", choices=FORMATS, help="what stdout gets: the plan, or what became of it")
    only, only_first = _only("only"), _only("only_first")  # what stands before the command would be forgotten
    brakes = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    brakes.add_argument("--no-delete", action="store_true", help="delete and block nobody")
    brakes.add_argument("--no-role-removal", action="store_true", help="take no role from anybody")
    writing = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    writing.add_argument(
        "--approve", type=_digest, metavar="DIGEST", help="carry out this plan, and no other, beyond the limits too"
    )
    writing.add_argument(
        "--expect", type=_digest, metavar="DIGEST", help="carry out this plan, and no other, within the limits"
    )
    writing.add_argument(
        "--lock-timeout", type=_seconds, metavar="SECONDS", help="wait so long for another run to end (default: 0)"
    )
    planning = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    planning.add_argument("--detailed-exitcode", action="store_true", help="exit 2 when changes are pending")
    dry = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    dry.add_argument("--dry-run", action="store_true", help="the same as plan")
    parser = _Parser(
        prog="main.py",
        description="Makes the users and roles of an Auth0 connection agree with what a SQL query returns.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        parents=[everywhere, output, planning, dry, writing, brakes, only_first],
    )
    parser.add_argument("--version", action="version", version=f"auth0-sql-sync {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    parents = {
        "sync": [everywhere, output, planning, dry, writing, brakes, only],
        "plan": [everywhere, output, planning, brakes, only],
        "check": [everywhere],
        "explain": [everywhere],
        "restore": [everywhere, output, dry, writing, only],
    }
    for name, text in _COMMANDS.items():
        command = commands.add_parser(
            name, help=text, description=text, allow_abbrev=False, parents=parents.get(name, [])
        )
        if name == "restore":
            command.add_argument("journal", type=Path, metavar="JOURNAL", help="a file of SYNC_STATE_DIR/journal")
        if name == "explain":
            command.add_argument("email", type=_email, metavar="EMAIL", help="as the source or the tenant has it")
    return parser


def _only(name: str) -> _Parser:
    parser = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument(
        "--only", type=_email, action="append", metavar="EMAIL", dest=name,
        help="change nobody else; may be given several times",
    )  # fmt: skip
    return parser


def _digest(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{8,64}", text.lower()):
        raise argparse.ArgumentTypeError(f"{text!r} is not the digest of a plan: at least 8 of its hex digits")
    return text.lower()


def _email(text: str) -> str:
    if fault := address.fault(text):
        raise argparse.ArgumentTypeError(fault)
    return text.strip()


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,6}(\.\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return float(text)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments, with `command` being one of `_COMMANDS`, and the whole line without what it
    says of a digest as `again`. Exits with 64 for what makes no sense."""
    parser = make_parser()
    arguments = argparse.Namespace(
        env_file=None, report=None, log_format=None, verbose=False, quiet=False, detailed_exitcode=False, dry_run=False,
        approve="", expect="", lock_timeout=0.0, no_delete=False, no_role_removal=False, only_first=[], only=[],
        journal=None, email="", format="text",
    )  # fmt: skip
    parser.parse_args(argv, arguments)
    if arguments.command is None:
        arguments.command = "sync"
    if arguments.dry_run and arguments.command == "sync":
        arguments.command = "plan"
    if arguments.detailed_exitcode and arguments.command != "plan":
        parser.error("--detailed-exitcode goes with plan")
    arguments.only = arguments.only_first + arguments.only
    if arguments.command in {"check", "explain", "demo"}:
        _refuse_strangers(parser, arguments)
    arguments.dry_run |= arguments.command in {"plan", "check", "explain"}
    arguments.again = _again(arguments)
    return arguments


def _refuse_strangers(parser: _Parser, arguments: argparse.Namespace) -> None:
    """What stands before the command may belong to another."""
    given = {
        "--report": arguments.report, "--format": arguments.format != "text", "--dry-run": arguments.dry_run,
        "--approve": arguments.approve, "--expect": arguments.expect, "--lock-timeout": arguments.lock_timeout,
        "--no-delete": arguments.no_delete, "--no-role-removal": arguments.no_role_removal, "--only": arguments.only,
    }  # fmt: skip
    for flag, value in given.items():
        if value:
            parser.error(f"{flag} does not go with {arguments.command}")


def _path(path: Path) -> str:
    return f"./{path}" if str(path).startswith("-") else str(path)


def _again(arguments: argparse.Namespace) -> list[str]:
    """The command line that carries out, with `--approve` or `--expect`, what this one plans."""
    words = ["python", "main.py"]
    words += ["sync"] if arguments.journal is None else ["restore", _path(arguments.journal)]
    words += [f"--env-file={arguments.env_file}"] if arguments.env_file else []
    words += ["--no-delete"] if arguments.no_delete else []
    words += ["--no-role-removal"] if arguments.no_role_removal else []
    return words + [f"--only={email}" for email in arguments.only]  # some begin with a hyphen


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job and return its exit code."""
    try:
        return _run(argv)
    except KeyboardInterrupt:  # in the demo, or before the job has begun to listen
        return Exit.INTERRUPTED


def _run(argv: Sequence[str] | None) -> int:
    arguments = parse(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that cron's locale cannot spell ends no run
        encoding = None if arguments.format == "text" else "utf-8"  # which is what JSON and the page say they are
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")
    if arguments.command == "demo":
        from client.demo import demo  # noqa: PLC0415 - it needs the sandbox, which is no part of the job

        return demo()
    from client.door import run_job  # noqa: PLC0415 - pandas and SQLAlchemy take a while; --help need not wait

    return run_job(arguments, os.environ)
