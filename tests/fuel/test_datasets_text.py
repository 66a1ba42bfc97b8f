import gzip
import io
import itertools
import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel.datasets.billion import OneBillionWord
from fuel.datasets.text import TextFile
from fuel.schemes import ConstantScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable, epochs_of
from fuel.transformers import Batch, MultiProcessing
from fuel.vocabulary import Vocabulary

WORDS = {"<UNK>": 0, "<S>": 1, "</S>": 2, "this": 3, "is": 4, "a": 5, "sentence": 6, "another": 7}
PLAIN = {"bos_token": None, "eos_token": None, "unk_token": None}


@pytest.fixture
def write(tmp_path):
    """Writes text to a file, compressed if its name says so; gives its path."""

    def function(name, text, encoding="utf-8"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = text.encode(encoding)
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return str(path)

    return function


@pytest.fixture
def files(write):
    return [
        write("one.txt", "this is a sentence\n"),
        write("two.txt.gz", "this is another sentence\n\nthis is fine\n"),
        write("three.txt", "a\na a"),
    ]


def lines(dataset):
    return [item[0] for item in DataStream(dataset).get_epoch_iterator()]


def open_files():
    return len(os.listdir("/proc/self/fd"))


def test_an_example_is_the_numbers_of_a_line(files):
    assert lines(TextFile(files, WORDS)) == [
        [1, 3, 4, 5, 6, 2],
        [1, 3, 4, 7, 6, 2],
        [1, 2],
        [1, 3, 4, 0, 2],
        [1, 5, 2],
        [1, 5, 5, 2],
    ]


def test_markers_can_be_left_out(write):
    path = write("text", "a is\n\n")

    assert lines(TextFile([path], WORDS, bos_token=None)) == [[5, 4, 2], [2]]
    assert lines(TextFile([path], WORDS, eos_token=None)) == [[1, 5, 4], [1]]
    assert lines(TextFile([path], WORDS, bos_token=None, eos_token=None)) == [[5, 4], []]


def test_characters_are_those_of_the_line_without_blanks_at_its_ends(write):
    path = write("text", "  a b\t\n")

    assert lines(TextFile([path], {"a": 0, " ": 1, "b": 2}, level="character", **PLAIN)) == [
        [0, 1, 2]
    ]


def test_preprocessing_gets_the_whole_line(write):
    seen = []

    def preprocess(line):
        seen.append(line)
        return line.lower()

    path = write("text", "This IS\r\na")

    assert lines(TextFile([path], WORDS, preprocess=preprocess, **PLAIN)) == [[3, 4], [5]]
    assert seen == ["This IS\n", "a"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1", "utf-8-sig"])
@pytest.mark.parametrize("name", ["text", "text.gz"])
def test_any_encoding_is_read_and_resumed(write, encoding, name):
    path = write(name, "für\nä für\nä\n" * 3, encoding)

    def make():
        return DataStream(TextFile([path], {"für": 0, "ä": 1}, encoding=encoding, **PLAIN))

    assert epochs_of(make(), [99]) == [[([0],), ([1, 0],), ([1],)] * 3]
    check_resumable(make, epochs=2, abandon=[2])


def test_without_an_encoding_files_are_utf_8(write):
    assert lines(TextFile([write("text", "ä")], {"ä": 0}, **PLAIN)) == [[0]]


def test_another_encoding_is_refused_with_the_place(write):
    path = write("text", "a\nä\n", "latin-1")

    with pytest.raises(ValueError, match=r"text cannot be read beyond line 0 as utf-8.*encoding="):
        lines(TextFile([path], {"a": 0}, **PLAIN))


def test_an_unknown_encoding_is_refused(write):
    with pytest.raises(LookupError, match="unknown encoding: klingon"):
        lines(TextFile([write("text", "a")], WORDS, encoding="klingon"))


def test_a_damaged_archive_is_refused(tmp_path):
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(b"this is a\n" * 9999)[:-9])

    with pytest.raises(ValueError, match="text.gz cannot be read beyond line"):
        lines(TextFile([path], WORDS))


def test_a_text_stream_goes_on_from_any_point(files):
    check_resumable(lambda: DataStream(TextFile(files, WORDS)), epochs=3, abandon=[4, 0])


def test_batches_of_text_go_on_from_any_point(files):
    def make():
        stream = DataStream(TextFile([*files, files[0]], WORDS))
        return Batch(stream, ConstantScheme(1, times=5))

    check_resumable(make, epochs=2, abandon=[2])


@settings(max_examples=40, deadline=None)
@given(text=st.text("ab \n\r\u2028ä\U0001f600", max_size=60), cut=st.integers(0, 20))
def test_a_place_in_any_text_is_found_again(tmp_path_factory, text, cut):
    path = tmp_path_factory.mktemp("texts") / "text"
    path.write_bytes(text.encode())
    expected = io.StringIO(text, newline=None).readlines()

    def make():
        return DataStream(
            TextFile([path], Vocabulary(sorted(set(text))), level="character", **PLAIN)
        )

    stream = make()
    iterator = stream.get_epoch_iterator()
    before = list(itertools.islice(iterator, min(cut, len(expected))))
    resumed = make()
    resumed.load_state_dict(stream.state_dict())
    (after,) = epochs_of(resumed, [99])

    decode = Vocabulary(sorted(set(text))).decode
    found = ["".join(decode(line)) for (line,) in before + after]
    assert found == [line.strip() for line in expected]


def test_a_place_is_an_offset_even_in_a_long_text(write):
    path = write("text", "a is\n" * 5000)
    stream = DataStream(TextFile([path], WORDS))
    iterator = stream.get_epoch_iterator()
    for _ in range(4321):
        next(iterator)

    assert stream.state_dict()["dataset"] == {"file": 0, "line": 4321, "offset": 4321 * 5}


def test_workers_give_the_same_lines(files):
    expected = epochs_of(DataStream(TextFile(files, WORDS)), [99, 99])

    with MultiProcessing(DataStream(TextFile(files, WORDS)), workers=1) as stream:
        found = epochs_of(stream, [99, 99])

    assert [[list(line) for (line,) in epoch] for epoch in found] == [
        [line for (line,) in epoch] for epoch in expected
    ]


def test_no_file_stays_open(files):
    before = open_files()
    stream = DataStream(TextFile(files, WORDS))
    counts = [open_files() for _ in stream.get_epoch_iterator()]
    after_an_epoch = open_files()
    next(stream.get_epoch_iterator())
    next(stream.get_epoch_iterator())
    in_an_epoch = open_files()
    stream.close()

    assert max(counts) == before + 1
    assert after_an_epoch == before
    assert in_an_epoch == before + 1
    assert open_files() == before


def test_iterating_after_closing_starts_anew(files):
    stream = DataStream(TextFile(files, WORDS))
    next(stream.get_epoch_iterator())
    stream.close()

    assert epochs_of(stream, [99])[0][0] == ([1, 3, 4, 5, 6, 2],)


def test_an_epoch_of_no_files_is_empty():
    assert lines(TextFile([], WORDS)) == []


def test_an_unknown_word_is_refused_without_a_symbol_for_it(write):
    path = write("text", "this is fine\n")

    with pytest.raises(KeyError, match="'fine' is not in the dictionary of 8 symbols"):
        lines(TextFile([path], WORDS, unk_token=None))


@pytest.mark.parametrize("token", ["bos_token", "eos_token", "unk_token"])
def test_special_symbols_are_in_the_dictionary(files, token):
    with pytest.raises(ValueError, match=f"{token}='!' is not in the dictionary of 8 symbols"):
        TextFile(files, WORDS, **{token: "!"})


def test_the_level_is_word_or_character(files):
    with pytest.raises(ValueError, match="level='sentence' is none; choose one of"):
        TextFile(files, WORDS, level="sentence")


def test_files_are_a_list(files):
    with pytest.raises(ValueError, match="is one path; give a list"):
        TextFile(files[0], WORDS)


def test_a_missing_file_is_noticed_at_once(files):
    with pytest.raises(FileNotFoundError, match="there is no file .*four.txt"):
        TextFile([*files, f"{files[0]}four.txt"], WORDS)


def test_text_takes_no_requests(files):
    dataset = TextFile(files, WORDS)

    for state, request in [(None, None), (dataset.open(), [1])]:
        with pytest.raises(ValueError, match="text gives the next line of an opened state"):
            dataset.get_data(state, request)


@pytest.mark.parametrize("name", ["words.json", "words.txt", "words.json.gz", "words.txt.gz"])
def test_a_dictionary_may_be_a_file(files, write, name):
    text = json.dumps(WORDS) if "json" in name else "".join(f"{word}\n" for word in WORDS)

    dataset = TextFile(files, write(name, text))

    assert lines(dataset) == lines(TextFile(files, WORDS))


def test_a_dictionary_is_one(files):
    with pytest.raises(TypeError, match="neither a dictionary from token to number nor the path"):
        TextFile(files, 5)


def test_a_place_belongs_to_files_of_the_same_size(files, write):
    state = DataStream(TextFile(files, WORDS)).state_dict()
    write("three.txt", "a\na a a")

    with pytest.raises(ValueError, match="3 text files of .* bytes by word"):
        DataStream(TextFile(files, WORDS)).load_state_dict(state)


# One Billion Word


@pytest.fixture
def billion(write, tmp_path, monkeypatch):
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    folder = "1-billion-word"
    training = f"{folder}/training-monolingual.tokenized.shuffled/news.en"
    write(f"{training}-00001-of-00100", "this is a sentence\n")
    write(f"{training}-00099-of-00100.gz", "another sentence\n")
    heldout = f"{folder}/heldout-monolingual.tokenized.shuffled/news.en.heldout"
    write(f"{heldout}-00000-of-00050", "a sentence\n")
    return tmp_path


@pytest.mark.parametrize(
    ("which_set", "partitions", "expected"),
    [
        ("training", [1], [[3, 4, 5, 6]]),
        ("training", (99, 1), [[7, 6], [3, 4, 5, 6]]),
        ("heldout", range(1), [[5, 6]]),
    ],
)
def test_partitions_of_the_billion_words_are_read_in_turn(billion, which_set, partitions, expected):
    dataset = OneBillionWord(which_set, partitions, WORDS, bos_token=None, eos_token=None)

    assert lines(dataset) == expected


@pytest.mark.parametrize(
    ("which_set", "partitions", "message"),
    [
        ("training", [0], "they are 1 to 99"),
        ("training", [100], "they are 1 to 99"),
        ("training", [], "must name partitions of 'training'"),
        ("heldout", [50], "they are 0 to 49"),
        ("heldout", [-1], "they are 0 to 49"),
        ("valid", [1], "which_set='valid' is none; choose one of"),
    ],
)
def test_sets_and_partitions_of_the_billion_words_exist(billion, which_set, partitions, message):
    with pytest.raises(ValueError, match=message):
        OneBillionWord(which_set, partitions, WORDS)


def test_an_absent_partition_says_where_to_put_it(billion):
    with pytest.raises(FileNotFoundError, match="news.en-00002-of-00100.*unpack the One Billion"):
        OneBillionWord("training", [2], WORDS)


def test_the_billion_words_go_on_from_any_point(billion):
    check_resumable(lambda: DataStream(OneBillionWord("training", [1, 99], WORDS)), epochs=2)


def test_numbers_fit_an_array(files):
    stream = DataStream(TextFile(files[:1], WORDS))

    (batch,) = next(Batch(stream, ConstantScheme(1, times=1)).get_epoch_iterator())

    np.testing.assert_array_equal(batch, [[1, 3, 4, 5, 6, 2]])
