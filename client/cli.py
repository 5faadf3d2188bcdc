"""The command line: arguments in, exit code out."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from client import __version__
from sync.report import Exit

_COMMANDS = {
    "sync": "make the tenant agree with the query (this is what no command means)",
    "plan": "show what sync would do; nothing is written",
    "demo": "see all of it on a local tenant that is made for the purpose",
}
_EPILOG = """exit codes:
  0 converged or planned   1 failed, try again     2 plan --detailed-exitcode: changes are pending
  3 partial (held, failed) 4 refused by a guard    5 another run is going on
  64 usage                 78 settings             130/143 stopped by SIGINT/SIGTERM
"""


class _Parser(argparse.ArgumentParser):
    """Usage errors end with 64, as sysexits.h has it."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(Exit.USAGE, f"{self.prog}: {message}\n")


def make_parser() -> _Parser:
    """The whole command line. Flags may stand before or after the command."""
    everywhere = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    everywhere.add_argument("--env-file", type=Path, metavar="FILE", help="settings (default: .env, if there is one)")
    everywhere.add_argument("--report", type=Path, metavar="FILE", help="write what happened as JSON")
    everywhere.add_argument("--log-format", choices=("text", "json"), help="instead of LOG_FORMAT")
    loudness = everywhere.add_mutually_exclusive_group()
    loudness.add_argument("-v", "--verbose", action="store_true", help="log every request")
    loudness.add_argument("-q", "--quiet", action="store_true", help="say nothing unless something is wrong")
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
        parents=[everywhere, planning, dry],
    )
    parser.add_argument("--version", action="version", version=f"auth0-sql-sync {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    parents = {"sync": [everywhere, planning, dry], "plan": [everywhere, planning], "demo": []}
    for name, text in _COMMANDS.items():
        commands.add_parser(name, help=text, description=text, allow_abbrev=False, parents=parents[name])
    return parser


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments, with `command` being `sync`, `plan` or `demo`. Exits with 64 for what makes no sense."""
    parser = make_parser()
    arguments = argparse.Namespace(
        env_file=None, report=None, log_format=None, verbose=False, quiet=False, detailed_exitcode=False, dry_run=False
    )
    parser.parse_args(argv, arguments)
    if arguments.command is None:
        arguments.command = "sync"
    if arguments.dry_run and arguments.command == "sync":
        arguments.command = "plan"
    if arguments.detailed_exitcode and arguments.command != "plan":
        parser.error("--detailed-exitcode goes with plan")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job and return its exit code."""
    try:
        return _run(argv)
    except KeyboardInterrupt:  # in the demo, or before the job has begun to listen
        return Exit.INTERRUPTED


def _run(argv: Sequence[str] | None) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that cron's locale cannot spell ends no run
    arguments = parse(argv)
    if arguments.command == "demo":
        from client.demo import demo  # noqa: PLC0415 - it needs the sandbox, which is no part of the job

        return demo()
    from client.door import run_job  # noqa: PLC0415 - pandas and SQLAlchemy take a while; --help need not wait

    return run_job(arguments, os.environ)
