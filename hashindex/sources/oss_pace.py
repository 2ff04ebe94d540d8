"""A limit on bytes per second, shared by all threads that read.

pyrate-limiter keeps a record for every unit of weight, so for every byte; others count per window, or do not
wait, or wait without a way to be interrupted.
"""

import threading
import time
from collections.abc import Callable


class Pace:
    """Lets bytes through at so many per second, all together; None lets everything through.

    What has been read is paid for afterwards: each payment puts off the moment when the account is even
    again, and who pays waits for it. So the mean holds from the first byte on, and what was saved while idle
    is not spent later.
    """

    def __init__(
        self,
        bytes_per_second: int | None,
        closing: threading.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate, self._closing, self._clock = bytes_per_second, closing, clock
        self._lock = threading.Lock()
        self._even_at = 0.0

    def pay(self, number: int) -> bool:
        """Pay for so many bytes, and wait; False when closing, which ends the wait."""
        if self._rate is None:
            return not self._closing.is_set()
        with self._lock:
            now = self._clock()
            self._even_at = max(self._even_at, now) + number / self._rate
            seconds = self._even_at - now
        return not self._closing.wait(seconds)
