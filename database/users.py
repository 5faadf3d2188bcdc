"""The query's rows as one checked frame of strings."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Engine

from config.settings import Settings
from database.engine import database_url, make_engine
from database.failures import Explainer, SourceError
from database.waiting import awaited

logger = logging.getLogger(__name__)

_CHUNK = 10_000  # rows; keeps memory flat and costs no speed
_NO_RESULT = "USERS_DB_QUERY returns no result: it must be a SELECT, after SET NOCOUNT ON if it does more"


@dataclass(frozen=True, slots=True)
class Users:
    """The people of the source. Making one does no I/O."""

    settings: Settings
    engine_for: Callable[..., Engine] = make_engine

    def read(self, check: Callable[[], None] = lambda: None) -> pd.DataFrame:
        """Run the query; returns a frame with the string columns `email` and `role`, NULL as missing.

        `check` is called about ten times a second while waiting and may raise to give up.
        Raises `SourceError`, with one sentence for each way in which a database can fail.
        """
        settings = self.settings
        url = database_url(settings)
        explainer = Explainer.of(settings, url)
        engine = self.engine_for(url, **explainer.timeouts)
        wanted = {"email": settings.db_column_email, "role": settings.db_column_role}
        started = time.monotonic()
        chunks = list(_Reader(engine, settings.users_db_query or "", wanted, explainer).chunks(check))
        frame = pd.concat([_frame(dict.fromkeys(wanted, 0), []), *chunks], ignore_index=True)
        seconds = time.monotonic() - started
        logger.info("read %s rows from %s in %.1f s", f"{len(frame):,}", explainer.target, seconds)
        return frame


class _Reader:
    """Reads in a thread of its own, so that no driver can make the run wait longer than it was told to."""

    def __init__(self, engine: Engine, query: str, wanted: dict[str, str], explainer: Explainer) -> None:
        self._engine, self._query, self._wanted, self._explainer = engine, query, wanted, explainer
        self._messages: queue.Queue[pd.DataFrame | BaseException | str] = queue.Queue(maxsize=4)

    def chunks(self, check: Callable[[], None]) -> Iterator[pd.DataFrame]:
        threading.Thread(target=self._work, name="database", daemon=True).start()
        explain, patience = self._explainer.login, self._explainer.login_timeout
        while True:
            message = awaited(self._messages, explain, patience, check)
            if isinstance(message, pd.DataFrame):
                yield message
            elif message == "done":
                return
            explain, patience = self._explainer.query, self._explainer.query_timeout

    def _work(self) -> None:
        explain = self._explainer.login
        try:
            with self._engine.connect() as connection:
                self._messages.put("connected")
                explain = self._explainer.query
                # The driver gets the query as it is: neither `:name` nor `%` in it is ours to interpret.
                result = connection.execution_options(no_parameters=True).exec_driver_sql(self._query)
                if not result.returns_rows:
                    raise SourceError(_NO_RESULT)  # noqa: TRY301
                positions = _positions(list(result.keys()), self._wanted)
                for rows in result.partitions(_CHUNK):
                    self._messages.put(_frame(positions, rows))
            self._messages.put("done")
        except SourceError as error:
            self._messages.put(error)
        except Exception as error:  # noqa: BLE001 - drivers raise what they like; each becomes a sentence
            self._messages.put(explain(error))
        finally:
            self._engine.dispose()


def _positions(columns: Sequence[str], wanted: dict[str, str]) -> dict[str, int]:
    """Where the wanted columns are, found without regard to case."""
    found, missing = {}, []
    for name, column in wanted.items():
        exact = [position for position, other in enumerate(columns) if other == column]
        alike = [p for p, other in enumerate(columns) if other.casefold() == column.casefold()]
        matches = exact if len(exact) == 1 else alike
        if not matches:
            missing.append(f"{column!r} (DB_COLUMN_{name.upper()})")
        elif len(matches) > 1:
            raise SourceError(f"the query returns {column!r} more than once; name the one meant with AS")
        else:
            found[name] = matches[0]
    if missing:
        came = ", ".join(map(repr, columns))
        raise SourceError(f"the query returns no column {' and no column '.join(missing)}; it returns: {came}")
    return found


def _frame(positions: Mapping[str, int], rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    """A frame of strings: what a number or a date looks like is decided here, not by what else is in it."""
    return pd.DataFrame(
        {name: pd.array([_text(row[at]) for row in rows], dtype="str") for name, at in positions.items()}
    )


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode(errors="backslashreplace")
    return str(value)
