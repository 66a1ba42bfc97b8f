import gzip
import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel.vocabulary import SPECIAL_TOKENS, Vocabulary

LINES = ["to be or not to be\n", "to do is to be\n"]


@pytest.mark.parametrize("size", [None, 3, 6, 99])
def test_the_most_frequent_words_come_first_and_then_in_the_order_of_unicode(size):
    vocabulary = Vocabulary.of_lines(LINES, size)

    assert vocabulary.tokens == (*SPECIAL_TOKENS, "to", "be", "do", "is", "not", "or")[:size]
    assert vocabulary.counts == (0, 0, 0, 4, 3, 1, 1, 1, 1)[:size]


@settings(max_examples=50, deadline=None)
@given(
    words=st.lists(st.text("abc", min_size=1, max_size=2), max_size=60),
    minimum=st.integers(1, 3),
    seed=st.randoms(use_true_random=False),
)
def test_counting_is_that_of_counter_whatever_the_order_of_lines(words, minimum, seed):
    shuffled = list(words)
    seed.shuffle(shuffled)

    vocabulary = Vocabulary.of_lines(words, special_tokens=(), min_count=minimum)

    expected = {word: count for word, count in Counter(words).items() if count >= minimum}
    assert dict(zip(vocabulary.tokens, vocabulary.counts, strict=True)) == expected
    assert list(vocabulary.counts) == sorted(vocabulary.counts, reverse=True)
    other = Vocabulary.of_lines(shuffled, special_tokens=(), min_count=minimum)
    assert other.tokens == vocabulary.tokens


def test_characters_are_counted_without_blanks_at_the_ends_of_lines():
    vocabulary = Vocabulary.of_lines([" a b a \n", "b"], level="character", special_tokens=["?"])

    assert dict(vocabulary) == {"?": 0, " ": 1, "a": 2, "b": 3}


def test_special_tokens_have_the_first_numbers_even_if_they_occur():
    vocabulary = Vocabulary.of_lines(["a <UNK> a b <UNK>"], special_tokens=["<UNK>", "b"])

    assert dict(vocabulary) == {"<UNK>": 0, "b": 1, "a": 2}
    assert vocabulary.counts == (2, 1, 2)


def test_lines_are_preprocessed():
    assert "be" in Vocabulary.of_lines(["BE"], preprocess=str.lower)


def test_files_are_counted_compressed_or_not(tmp_path):
    (tmp_path / "one").write_text(LINES[0])
    (tmp_path / "two.gz").write_bytes(gzip.compress(LINES[1].encode()))

    vocabulary = Vocabulary.of_files([tmp_path / "one", str(tmp_path / "two.gz")], 5)

    assert vocabulary.tokens == Vocabulary.of_lines(LINES, 5).tokens
    assert Vocabulary.of_files(tmp_path / "one")["or"] == 6


def test_files_have_an_encoding(tmp_path):
    (tmp_path / "text").write_bytes("für".encode("latin-1"))

    assert "für" in Vocabulary.of_files([tmp_path / "text"], encoding="latin-1")
    with pytest.raises(ValueError, match="cannot be read beyond line 0 as utf-8 text"):
        Vocabulary.of_files([tmp_path / "text"])


@pytest.mark.parametrize("name", ["words.json", "words.txt"])
@settings(max_examples=30, deadline=None)
@given(tokens=st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True))
def test_what_was_saved_is_loaded(tmp_path_factory, name, tokens):
    tokens = [token for token in tokens if name == "words.json" or not set(token) & {"\n", "\r"}]
    path = tmp_path_factory.mktemp("vocabulary") / name

    Vocabulary(tokens).save(path)

    assert Vocabulary.load(path).tokens == tuple(tokens)
    assert [file.name for file in path.parent.iterdir()] == [name]


def test_counts_are_saved_as_json(tmp_path):
    vocabulary = Vocabulary.of_lines(LINES)

    vocabulary.save(tmp_path / "words.json")

    assert Vocabulary.load(tmp_path / "words.json").counts == vocabulary.counts


def test_equal_texts_give_equal_files(tmp_path):
    for number, lines in enumerate([LINES, LINES[::-1]]):
        Vocabulary.of_lines(lines).save(tmp_path / f"{number}.json")

    assert (tmp_path / "0.json").read_bytes() == (tmp_path / "1.json").read_bytes()


@pytest.mark.parametrize("content", [["a", "b"], {"b": 1, "a": 0}])
def test_lists_and_dictionaries_of_others_are_loaded(tmp_path, content):
    (tmp_path / "words.json").write_text(json.dumps(content))

    assert Vocabulary.load(tmp_path / "words.json").tokens == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON file"),
        ('{"a": 1, "b": 2}', "are not 0 to 1, each once"),
        ('{"a": 0, "b": true}', "are not 0 to 1, each once"),
        ('{"a": "x"}', "are not 0 to 0, each once"),
        ("[1, 2]", "holds no vocabulary"),
        ("5", "holds no vocabulary"),
        ('{"tokens": ["a"], "counts": ["b"]}', "no list of integers"),
        ('{"tokens": ["a"], "counts": 3}', "no list of integers"),
        ('{"tokens": ["a"], "counts": [1, 2]}', "2 counts were given for 1 tokens"),
        ('["a", "b", "a"]', "the token 'a' occurs twice"),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    (tmp_path / "words.json").write_text(text)

    with pytest.raises(ValueError, match=message):
        Vocabulary.load(tmp_path / "words.json")


def test_a_token_with_a_line_break_does_not_fit_a_text(tmp_path):
    with pytest.raises(ValueError, match="holds a line break.*ends in .json"):
        Vocabulary(["a\n"]).save(tmp_path / "words.txt")
    assert not list(tmp_path.iterdir())


def test_encoding_and_decoding_are_inverse():
    vocabulary = Vocabulary.of_lines(LINES)

    assert vocabulary.decode(vocabulary.encode(["to", "do"])) == ["to", "do"]
    assert vocabulary.encode(["to", "err"], "<UNK>") == [3, 0]


def test_unknown_tokens_and_numbers_are_refused():
    vocabulary = Vocabulary(["a"])

    with pytest.raises(KeyError):
        vocabulary.encode(["b"])
    for number in (-1, 1):
        with pytest.raises(IndexError, match=f"no token of number {number} among the 1"):
            vocabulary.decode([number])


def test_it_is_a_dictionary():
    vocabulary = Vocabulary(["a", "b"])

    assert vocabulary == {"a": 0, "b": 1}
    assert "c" not in vocabulary
    assert repr(vocabulary) == "Vocabulary(2 tokens: 'a', 'b')"


def test_there_is_room_for_the_special_tokens():
    with pytest.raises(ValueError, match="size=2 has no room for the 3 special tokens"):
        Vocabulary.of_lines(LINES, 2)


def test_the_level_is_word_or_character():
    with pytest.raises(ValueError, match="level='line' is none"):
        Vocabulary.of_lines(LINES, level="line")
