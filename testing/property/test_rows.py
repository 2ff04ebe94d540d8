"""Entries become rows and entries again, whatever they hold."""

from dataclasses import replace
from unittest import TestCase

from hypothesis import given
from hypothesis import strategies as st

from hashindex.errors import InvalidArgumentError
from hashindex.keys import MAX_ID, Key
from hashindex.records import Entry
from hashindex.store.interface import check_batch
from hashindex.store.rows import FIELDS, PRIMARY, candidate_of, entry_of, from_signed, row_of, to_signed
from testing.making import entry
from testing.property.entries import entries, hashes, ids


class TestRows(TestCase):
    @given(entries(ids, ids))
    def test_an_entry_survives_being_a_row(self, item: Entry) -> None:
        row = row_of(item)
        self.assertEqual(tuple(row), FIELDS)
        self.assertEqual(entry_of(row), item)
        self.assertEqual(entry_of(row | {"image_vector": [row["image_vector"]]}), item)  # as Milvus gives it

    @given(entries(ids, ids))
    def test_what_is_checked_is_let_through(self, item: Entry) -> None:
        check_batch([item])
        with self.assertRaises(InvalidArgumentError):
            check_batch([item, replace(item, indexed_time=1)])

    @given(entries(ids, ids), st.integers(0, 64))
    def test_a_hit_is_made_of_its_row(self, item: Entry, bits: int) -> None:
        row = row_of(item)
        hit = candidate_of(row[PRIMARY], float(bits), row)
        self.assertEqual((hit.key, hit.distance, hit.uri), (item.key, bits, item.picture.uri))
        prints = item.picture.fingerprint
        self.assertEqual((hit.phash, hit.dhash), (prints.phash, prints.dhash))

    @given(ids, ids)
    def test_a_primary_key_is_digits_and_one_colon_and_reads_back(
        self, company_id: int, meta_id: int
    ) -> None:
        text = str(Key(company_id, meta_id))
        self.assertRegex(text, r"\A[0-9]{1,19}:[0-9]{1,19}\Z")
        self.assertEqual(Key.parse(text), Key(company_id, meta_id))

    @given(hashes)
    def test_a_hash_survives_being_a_signed_integer(self, value: bytes) -> None:
        number = to_signed(value)
        self.assertTrue(-(2**63) <= number < 2**63)
        self.assertEqual(from_signed(number), value)

    def test_signed_integers_at_the_limits_of_the_type(self) -> None:
        for value, number in (
            (b"\0" * 8, 0),
            (b"\x7f" + b"\xff" * 7, 2**63 - 1),
            (b"\x80" + b"\0" * 7, -(2**63)),
            (b"\xff" * 8, -1),
        ):
            self.assertEqual(to_signed(value), number)
            self.assertEqual(from_signed(number), value)
        for beyond in (2**63, -(2**63) - 1):
            with self.assertRaises(OverflowError):
                from_signed(beyond)

    def test_the_longest_key_fits_its_field(self) -> None:
        self.assertLessEqual(len(str(entry(MAX_ID, MAX_ID).key)), 40)
