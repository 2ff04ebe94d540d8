"""Tests of the store on a server: what is refused, and in which words."""

from collections.abc import Callable
from unittest import TestCase

from hashindex.errors import HashIndexError
from testing import on_server


class ServerCase(TestCase):
    def says(self, kind: type[HashIndexError], sentence: str, call: Callable[[], object]) -> None:
        with self.assertRaises(HashIndexError) as caught:
            call()
        self.assertEqual(str(caught.exception), sentence)
        self.assertIs(type(caught.exception), kind)

    def refused(
        self, kind: type[HashIndexError], sentence: str, *, name: str = "no_index", **options: object
    ) -> None:
        """See that opening is refused in these words; `{}` in them stands for the server's address."""
        sentence = sentence.replace("{}", on_server.server().uri)
        self.says(kind, sentence, lambda: on_server.opened(type(self), name, **options))
