"""What may block, carried out in a thread of its own, so that whoever waits for it can be told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from client.stop import Stopped

_SLICE = 0.1  # seconds between two looks at whether the run is to stop

Result = TypeVar("Result")


def aside(function: Callable[[], Result], check: Callable[[], None], *, grace: float = 0.0) -> Result:
    """What `function` returns or raises.

    `check` is called about ten times a second meanwhile. When it raises `Stopped`, `function` has `grace` seconds
    left; then `Stopped` comes through, and `function` is left behind in its thread: whatever it uses is not to be
    used again, nor closed, which would wait for it. Such a thread does not keep the process from ending.
    """
    future: Future[Result] = Future()
    threading.Thread(target=_carry_out, args=(function, future), name="aside", daemon=True).start()
    while not _is_done(future, _SLICE):
        try:
            check()
        except Stopped:
            if _is_done(future, grace):
                break
            raise
    return future.result()


def _is_done(future: Future[Result], seconds: float) -> bool:
    return bool(wait([future], seconds).done)


def _carry_out(function: Callable[[], Result], future: Future[Result]) -> None:
    try:
        future.set_result(function())
    except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
        future.set_exception(error)
