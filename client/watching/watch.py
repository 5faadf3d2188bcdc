"""The watch over one run: whoever wants to know is told when it begins and how it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from client.stop import Stopped
from client.watching.calls import notify, ping
from client.watching.errands import Errand
from client.watching.words import message, summary
from config.settings import Settings
from sync.model import Status
from sync.report import Exit, Run

logger = logging.getLogger(__name__)

_LIMIT = 9.0  # seconds that all of it may hold up a run
_LIMIT_WHEN_STOPPED = 1.8  # the same where somebody waits for the run to go away
_SLICE = 0.1  # seconds between two looks at whether that is so
_TOO_LATE = "no answer within the time limit"
_STOPPED = (Exit.INTERRUPTED, Exit.TERMINATED)


class Watch:
    """Tells of one sync of everybody. It never raises, and what it does goes on in the background.

    Both calls together take 10 s at most, and 2 s when the run was stopped by a signal: what is not done by then is
    left. Whatever went wrong is a warning each, which names the setting.
    """

    def __init__(
        self,
        settings: Settings,
        check: Callable[[], None] = lambda: None,
        *,
        limit: float = _LIMIT,
        limit_when_stopped: float = _LIMIT_WHEN_STOPPED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`check` raises `Stopped` when the run is to end."""
        self._settings, self._check, self._clock = settings, check, clock
        self._limit, self._limit_when_stopped = limit, limit_when_stopped
        self._beginning: Errand | None = None
        self._begun_at = clock()

    def begin(self) -> None:
        """The run has its locks. Costs nothing: nobody waits for the answer."""
        self._begun_at = self._clock()
        if self._settings.sync_ping_url is not None:
            self._beginning = Errand("SYNC_PING_URL", partial(self._ping, "start")).start()

    def end(self, run: Run) -> None:
        """The run is over, and `run` says how."""
        limit = self._limit_when_stopped if run.exit_code in _STOPPED else self._limit
        errands = [errand.start() for errand in self._errands(run, limit)]
        errands = [self._beginning, *errands] if self._beginning is not None else errands
        self._wait_for(errands, self._clock() + limit)
        troubles = ((errand.setting, errand.trouble if errand.is_over else _TOO_LATE) for errand in errands)
        for setting, trouble in dict.fromkeys(troubles):  # two pings that failed alike are one line
            if trouble:
                extra = {"event": "watcher_not_told", "setting": setting}
                logger.warning("%s: %s; the sync itself is not affected", setting, trouble, extra=extra)

    def _wait_for(self, errands: Sequence[Errand], deadline: float) -> None:
        while waiting := [errand for errand in errands if not errand.is_over]:
            try:
                self._check()
            except Stopped:
                deadline = min(deadline, self._clock() + self._limit_when_stopped)
            if (left := deadline - self._clock()) <= 0:
                return
            waiting[-1].wait(min(_SLICE, left))

    def _errands(self, run: Run, limit: float) -> Iterator[Errand]:
        settings = self._settings
        if settings.sync_metrics_file is not None:
            yield Errand("SYNC_METRICS_FILE", partial(self._write_metrics, run))
        if settings.sync_notify_url is not None:
            yield Errand("SYNC_NOTIFY_URL", partial(self._notify, run))
        if settings.sync_ping_url is not None:
            yield Errand("SYNC_PING_URL", partial(self._ping_the_end, run, self._begun_at + limit / 2))

    def _ping_the_end(self, run: Run, patience_ends: float) -> str:
        """The beginning should arrive first: a monitor that hears of it last takes the run for one that goes on."""
        if self._beginning is not None:
            self._beginning.wait(patience_ends - self._clock())
        return self._ping(str(int(run.exit_code)), summary(run))

    def _ping(self, word: str, text: str = "") -> str:
        assert self._settings.sync_ping_url is not None  # noqa: S101 - for the type checker
        ping(self._settings.sync_ping_url.get_secret_value(), word, text, timeout=self._limit)
        return ""

    def _notify(self, run: Run) -> str:
        settings = self._settings
        assert settings.sync_notify_url is not None  # noqa: S101 - for the type checker
        if _is_worth_telling(run, settings.sync_notify_on):
            notify(settings.sync_notify_url.get_secret_value(), message(run), timeout=self._limit)
        return ""

    def _write_metrics(self, run: Run) -> str:
        from client.watching import metrics  # noqa: PLC0415 - most do without, and its library takes a while to load

        settings = self._settings
        assert settings.sync_metrics_file is not None  # noqa: S101 - for the type checker
        last_success = settings.sync_state_dir / "last-success.json"
        return metrics.write(settings.sync_metrics_file, run, settings.sync_owner, last_success)


def _is_worth_telling(run: Run, wanted: str) -> bool:
    """`wanted`: as SYNC_NOTIFY_ON has it."""
    changed = any(outcome.status is Status.DONE for outcome in run.outcomes)
    return run.exit_code is not Exit.OK or wanted == "always" or (wanted == "change" and changed)
