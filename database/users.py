"""The query's rows as one checked frame: text, and metadata as JSON has it."""

from __future__ import annotations

import datetime as dt
import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import Engine

from config.columns import Column
from config.settings import Settings
from database.engine import database_url, make_engine
from database.entra import log_in_with_tokens
from database.failures import Explainer, SourceError
from database.waiting import awaited

if TYPE_CHECKING:
    from pandas.api.extensions import ExtensionArray

logger = logging.getLogger(__name__)

_CHUNK = 10_000  # rows; keeps memory flat and costs no speed
_EXACT = 2**53 - 1  # the greatest whole number that JSON can carry: JavaScript rounds those beyond
_NO_RESULT = "USERS_DB_QUERY returns no result: it must be a SELECT, after SET NOCOUNT ON if it does more"


@dataclass(frozen=True, slots=True)
class Users:
    """The people of the source. Making one does no I/O."""

    settings: Settings
    engine_for: Callable[..., Engine] = make_engine

    def read(
        self, check: Callable[[], None] = lambda: None, advance: Callable[[int], object] = lambda _rows: None
    ) -> pd.DataFrame:
        """Run the query; returns a frame of the fields of `Settings.columns` that it has, in their order.

        All are strings with NULL as missing, but for metadata: objects that JSON has, with NULL as None.
        `check` is called about ten times a second while waiting and may raise to give up; `advance` is told of each
        number of rows that has come. Raises `SourceError`, with one sentence for each way in which a database can fail.
        """
        settings = self.settings
        url = database_url(settings)
        explainer = Explainer.of(settings, url)
        engine = self.engine_for(url, **explainer.timeouts)
        log_in_with_tokens(engine, settings, explainer)
        wanted = settings.columns
        started = time.monotonic()
        chunks = []
        for chunk in _Reader(engine, settings.users_db_query or "", wanted, explainer).chunks(check):
            chunks.append(chunk)
            advance(len(chunk))
        frame = pd.concat(chunks, ignore_index=True)
        seconds = time.monotonic() - started
        logger.info(
            "read %s rows from %s in %.1f s",
            f"{len(frame):,}",
            explainer.target,
            seconds,
            extra={"event": "source_read", "rows": len(frame), "seconds": round(seconds, 3)},
        )
        _tell([column for column in wanted if column.field in frame.columns])
        return frame


class _Reader:
    """Reads in a thread of its own, so that no driver can make the run wait longer than it was told to."""

    def __init__(self, engine: Engine, query: str, wanted: Sequence[Column], explainer: Explainer) -> None:
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
                self._messages.put(_frame(positions, []))  # what columns there are, also when no row came
            self._messages.put("done")
        except SourceError as error:
            self._messages.put(error)
        except Exception as error:  # noqa: BLE001 - drivers raise what they like; each becomes a sentence
            self._messages.put(explain(error))
        finally:
            self._engine.dispose()


def _positions(columns: Sequence[str], wanted: Sequence[Column]) -> dict[Column, int]:
    """Where the wanted columns are, found without regard to case."""
    found, missing = {}, []
    for column in wanted:
        exact = [position for position, other in enumerate(columns) if other == column.name]
        alike = [p for p, other in enumerate(columns) if other.casefold() == column.name.casefold()]
        matches = exact if len(exact) == 1 else alike
        if len(matches) > 1:
            raise SourceError(_ambiguous(column))
        if matches:
            found[column] = matches[0]
        elif column.required:
            missing.append(f"{column.name!r} ({column.setting})")
    if missing:
        came = ", ".join(map(repr, columns))
        raise SourceError(f"the query returns no column {' and no column '.join(missing)}; it returns: {came}")
    return found


def _ambiguous(column: Column) -> str:
    sentence = f"the query returns {column.name!r} more than once; name the one meant with AS"
    if column.required:
        return sentence
    return f"{sentence}, or none: it is taken because of its name ({column.setting}), and another alias keeps it out"


def _tell(taken: Sequence[Column]) -> None:
    """Say which columns were taken besides those that every query has: some only because of their names."""
    names = [
        column.field if column.field == column.name else f"{column.field} ({column.name})"
        for column in taken
        if column.field not in {"email", "role"}
    ]
    if names:
        logger.info("columns taken: %s", ", ".join(names), extra={"event": "columns_taken", "columns": names})


def _frame(positions: Mapping[Column, int], rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    """The columns of the rows: what a number or a date looks like is decided here, not by what else is in it."""
    return pd.DataFrame({column.field: _cells(column, at, rows) for column, at in positions.items()})


def _cells(column: Column, at: int, rows: Sequence[Sequence[object]]) -> pd.Series[Any] | ExtensionArray:
    if column.is_metadata:
        return pd.Series([_json(row[at]) for row in rows], dtype=object)
    return pd.array([_text(row[at]) for row in rows], dtype="str")


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode(errors="backslashreplace")
    return str(value)


def _json(value: object) -> str | bool | int | float | None:
    """What JSON can say of a value: as it is, or as text where a number would not arrive as it is."""
    if isinstance(value, int):  # True and False too, which stay what they are
        return value if -_EXACT <= value <= _EXACT else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return _text(value)


def _number(value: Decimal) -> int | float | str:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not -_EXACT <= value <= _EXACT:  # no int: NaN or Infinity
        return str(value)
    if exponent >= 0:
        return int(value)
    number = float(value)
    return number if Decimal(str(number)) == value else str(value)
