"""Processes that measure: others than the caller, and none is left behind when that one is killed."""

import os
import signal
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError

from hashindex.errors import ConfigurationError
from hashindex.quality.processes import Processes
from testing.waiting import has_ended, wait_until

WAITS = """
import os, sys
from hashindex.quality.processes import Processes
processes = Processes(2)
print(processes.call(os.getpid), flush=True)
sys.stdin.read()
"""


class TestProcesses(unittest.TestCase):
    def test_one_is_the_callers_own(self) -> None:
        with Processes(1) as processes:
            self.assertEqual(processes.call(os.getpid), os.getpid())

    def test_one_does_one_thing_at_a_time(self) -> None:
        meeting = Barrier(2, timeout=0.1)

        def alone() -> bool:
            try:
                meeting.wait()
            except BrokenBarrierError:
                return True
            return False

        with Processes(1) as processes, ThreadPoolExecutor(2) as threads:
            both = [threads.submit(processes.call, alone) for _ in range(2)]
            self.assertEqual([each.result() for each in both], [True, True])

    def test_one_that_is_killed_is_a_sentence(self) -> None:
        with (
            Processes(2) as processes,
            self.assertRaisesRegex(ConfigurationError, "for want of memory; lower HASHINDEX_WORKERS or"),
        ):
            processes.call(signal.raise_signal, signal.SIGKILL)  # as the kernel does

    def test_none_is_left_when_the_caller_is_killed(self) -> None:
        command = [sys.executable, "-c", WAITS]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as caller:
            assert caller.stdout is not None
            child = int(caller.stdout.readline())
            self.assertNotEqual(child, caller.pid)
            os.kill(child, 0)
            caller.kill()
        wait_until(lambda: has_ended(child))
