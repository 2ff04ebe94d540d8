"""`ordered_map`: in order, bounded ahead, errors passed on, nothing begun in vain."""

import threading
import unittest
from collections.abc import Iterator
from itertools import count

from hashindex.concurrency import ordered_map

SECONDS = 10.0


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


if __name__ == "__main__":
    unittest.main()
