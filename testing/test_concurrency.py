"""`ordered_map`: in order, bounded ahead, errors passed on, nothing begun in vain."""

import threading
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from hashindex.concurrency import Budget, Jobs, ordered_map
from testing.waiting import SECONDS, wait_until


class TestOrderedMap(unittest.TestCase):
    def test_results_come_in_order_whoever_is_first(self) -> None:
        second_done = threading.Event()

        def work(number: int) -> int:
            if number == 0:
                self.assertTrue(second_done.wait(SECONDS))
            if number == 1:
                second_done.set()
            return number * number

        self.assertEqual(list(ordered_map(work, range(50), workers=2)), [n * n for n in range(50)])

    def test_as_many_at_once_as_there_are_workers(self) -> None:
        together = threading.Barrier(5)
        for _ in ordered_map(lambda _: together.wait(SECONDS), range(10), workers=5):
            pass

    def test_one_worker_takes_one_after_the_other(self) -> None:
        threads: set[str] = set()
        list(ordered_map(lambda _: threads.add(threading.current_thread().name), range(20), workers=1))
        self.assertEqual(len(threads), 1)

    def test_an_endless_input_is_taken_only_a_little_ahead(self) -> None:
        for workers in (1, 3):
            taken = 0

            def items() -> Iterator[int]:
                nonlocal taken
                for number in count():
                    taken += 1
                    yield number

            taken = 0
            results = ordered_map(lambda number: number, items(), workers=workers)
            for number in range(100):
                self.assertEqual(next(results), number)
                self.assertLessEqual(taken, number + 4 * workers)

    def test_a_slow_first_one_does_not_let_results_pile_up(self) -> None:
        go, taken = threading.Event(), 0

        def items() -> Iterator[int]:
            nonlocal taken
            for number in range(1_000):
                taken += 1
                yield number

        results = ordered_map(lambda number: go.wait(SECONDS) if number == 0 else None, items(), workers=3)
        consumer = threading.Thread(target=next, args=(results,))
        consumer.start()
        while taken < 12:  # the consumer's thread takes them at once, then waits for the first
            self.assertTrue(consumer.is_alive())
        go.set()
        consumer.join(SECONDS)
        self.assertFalse(consumer.is_alive())
        self.assertEqual(taken, 12)

    def test_nothing_is_taken_before_it_is_asked_for(self) -> None:
        items = iter(range(10))
        results = ordered_map(lambda number: number, items, workers=2)
        self.assertEqual(next(items), 0)
        self.assertEqual(next(results), 1)

    def test_an_error_passes_where_its_result_would_have_been(self) -> None:
        def work(number: int) -> int:
            if number == 3:
                raise KeyError(number)
            return number

        results = ordered_map(work, range(10), workers=2)
        self.assertEqual([next(results) for _ in range(3)], [0, 1, 2])
        with self.assertRaises(KeyError):
            next(results)

    def test_an_error_of_the_input_passes(self) -> None:
        def items() -> Iterator[int]:
            yield 1
            raise OSError("the input broke")

        with self.assertRaisesRegex(OSError, "the input broke"):
            list(ordered_map(lambda number: number, items(), workers=2))

    def test_when_the_consumer_stops_what_has_not_begun_never_begins(self) -> None:
        begun: list[int] = []
        running, go = threading.Event(), threading.Event()

        def work(number: int) -> int:
            begun.append(number)
            if number:
                running.set()
                self.assertTrue(go.wait(SECONDS))
            return number

        results = ordered_map(work, range(100), workers=1)
        first = threading.Thread(target=next, args=(results,))
        first.start()
        first.join(SECONDS)
        self.assertTrue(running.wait(SECONDS))
        results.close()  # type: ignore[attr-defined]  # it is a generator
        go.set()
        for thread in threading.enumerate():
            if thread.name.startswith("hashindex"):
                thread.join(SECONDS)
        self.assertEqual(begun, [0, 1])

    def test_no_items(self) -> None:
        self.assertEqual(list(ordered_map(str, [], workers=2)), [])


class TestJobs(unittest.TestCase):
    def setUp(self) -> None:
        self.jobs, self.done = Jobs(), list[object]()
        self.executor = self.enterContext(ThreadPoolExecutor(2))

    def test_results_are_handled_as_they_come_in_the_thread_that_asks(self) -> None:
        go_on = threading.Event()
        threads = []
        for wait in (True, False):
            call = (lambda _: go_on.wait(SECONDS)) if wait else (lambda item: item)
            self.jobs.start(self.executor, call, f"waits: {wait}", then=self.done.append)
        self.jobs.handle_next()
        self.assertEqual((self.done, len(self.jobs)), (["waits: False"], 1))
        go_on.set()
        self.jobs.start(self.executor, str, 7, then=lambda _: threads.append(threading.current_thread()))
        self.jobs.handle_next()
        self.jobs.handle_next()
        self.assertEqual((threads, len(self.jobs)), ([threading.current_thread()], 0))

    def test_waiting_ends_in_time(self) -> None:
        go_on = threading.Event()
        self.jobs.start(self.executor, go_on.wait, SECONDS, then=self.done.append)
        self.jobs.handle_next(within_seconds=0.01)
        self.assertEqual((self.done, len(self.jobs)), ([], 1))
        go_on.set()

    def test_an_error_is_raised_where_it_is_handled(self) -> None:
        self.jobs.start(self.executor, int, "seven", then=self.done.append)
        with self.assertRaises(ValueError):
            self.jobs.handle_next()
        self.assertEqual((self.done, len(self.jobs)), ([], 0))


class TestBudget(unittest.TestCase):
    """Each holder is a thread of its own, that spends and then waits to be let go."""

    def setUp(self) -> None:
        self.budget = Budget(10)
        self.held: dict[str, threading.Event] = {}

    def hold(self, name: str, *sizes: int) -> threading.Event:
        """Begin to spend the sizes, one after the other; the event lets go of the last."""
        let_go = threading.Event()

        def spend() -> None:
            with self.budget.account() as account:
                for size in sizes:
                    account(size)
                self.held[name] = let_go
                let_go.wait(SECONDS)
                del self.held[name]

        thread = threading.Thread(target=spend)
        thread.start()
        self.addCleanup(thread.join, SECONDS)
        self.addCleanup(let_go.set)
        return let_go

    def wait_for(self, *names: str) -> None:
        wait_until(lambda: self.held.keys() == set(names))

    def test_what_fits_is_let_in_and_the_rest_waits(self) -> None:
        first = self.hold("first", 6)
        self.wait_for("first")
        self.hold("small", 4)
        self.wait_for("first", "small")
        self.hold("late", 6)
        self.assertNotIn("late", self.held)
        first.set()
        self.wait_for("small", "late")

    def test_what_is_larger_than_all_is_let_in_alone(self) -> None:
        first = self.hold("first", 1)
        self.wait_for("first")
        self.hold("huge", 11)
        self.assertNotIn("huge", self.held)
        first.set()
        self.wait_for("huge")

    def test_spending_again_gives_back_first(self) -> None:
        self.hold("first", 10, 10, 4)
        self.wait_for("first")
        self.hold("second", 6)
        self.wait_for("first", "second")


if __name__ == "__main__":
    unittest.main()
