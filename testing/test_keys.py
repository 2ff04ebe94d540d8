"""Primary keys and meta_ids: validated integers, and nothing else ever."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from hashindex.errors import HashIndexError, InvalidArgumentError
from hashindex.keys import MAX_ID, Key, meta_id_from_stem, meta_id_from_uri, validated_id

IDS = st.one_of(st.integers(0, MAX_ID), st.sampled_from((0, 1, MAX_ID - 1, MAX_ID)))
BAD_IDS = (-1, MAX_ID + 1, 10**100, True, False, 1.0, "1", None, b"1", float("nan"), [1], "1' OR 1=1")


class TestKey(unittest.TestCase):
    @given(IDS, IDS)
    def test_text_and_back(self, company_id: int, meta_id: int) -> None:
        key = Key(company_id, meta_id)
        self.assertEqual(str(key), f"{company_id}:{meta_id}")
        self.assertEqual(Key.parse(str(key)), key)
        self.assertLessEqual(len(str(key)), 40)

    @given(st.tuples(IDS, IDS), st.tuples(IDS, IDS))
    def test_keys_are_ordered_by_company_then_meta_id(
        self, left: tuple[int, int], right: tuple[int, int]
    ) -> None:
        self.assertEqual(Key(*left) < Key(*right), left < right)
        self.assertEqual(str(Key(*left)) == str(Key(*right)), left == right)

    def test_what_is_no_id_is_refused(self) -> None:
        for value in BAD_IDS:
            with self.subTest(value=value):
                for ids in ((value, 1), (1, value)):
                    with self.assertRaises(InvalidArgumentError):
                        Key(*ids)

    def test_messages_name_the_id_and_stay_short(self) -> None:
        with self.assertRaisesRegex(
            InvalidArgumentError, r"^meta_id is -1, but must lie between 0 and 92233720"
        ):
            validated_id("meta_id", -1)
        with self.assertRaisesRegex(InvalidArgumentError, "^company_id is '7', but must be an integer.$"):
            validated_id("company_id", "7")
        for value in (10**4_000, "x" * 10_000, list(range(10_000))):
            with self.assertRaises(HashIndexError) as caught:
                validated_id("meta_id", value)
            self.assertLess(len(str(caught.exception)), 200)

    def test_the_error_is_a_value_error_too(self) -> None:
        with self.assertRaises(ValueError):
            Key(-1, 0)


class TestMetaIds(unittest.TestCase):
    def test_of_a_uri_is_pinned(self) -> None:
        self.assertEqual(meta_id_from_uri("/photos/1.jpg"), 5_631_120_768_996_271_230)
        self.assertEqual(meta_id_from_uri("oss://bucket/照片.jpg"), 6_089_767_969_692_791_060)

    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_of_a_uri_is_an_id(self, uri: str) -> None:
        self.assertEqual(validated_id("meta_id", meta_id_from_uri(uri)), meta_id_from_uri(uri))

    def test_of_a_file_name_that_is_a_number(self) -> None:
        for name, expected in (
            ("/a/1234.jpg", 1234),
            ("oss://bucket/b/0.png", 0),
            ("/a/007.jpg", 7),
            ("/a/42", 42),
            (f"/a/{MAX_ID}.jpg", MAX_ID),
            ("/a/" + "0" * 50 + "123.jpg", 123),
            ("/a/" + "0" * 50, 0),
        ):
            with self.subTest(name=name):
                self.assertEqual(meta_id_from_stem(name), expected)

    def test_of_other_names_is_refused(self) -> None:
        for name in (
            *("/a/x.jpg", "/a/12a.jpg", "/a/-1.jpg", "/a/1.5.jpg", "/a/ 1.jpg", "/a/1 .jpg", "/a/1_000.jpg"),
            *("/a/\uff11\uff12.jpg", "/a/².jpg", "/a/.jpg", "/", "", "/a/1.tar.gz", f"/a/{MAX_ID + 1}.jpg"),
            "/a/" + "9" * 5_000 + ".jpg",
        ):
            with self.subTest(name=name[:40]), self.assertRaises(InvalidArgumentError) as caught:
                meta_id_from_stem(name)
            self.assertLess(len(str(caught.exception)), 200)


if __name__ == "__main__":
    unittest.main()
