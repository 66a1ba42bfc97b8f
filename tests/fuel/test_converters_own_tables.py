import gzip
import json
import os
import re

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel.commands.convert import main
from fuel.converters.table import convert_table

FLOWERS = """\
length,width,species,colour
5.1,3.5,setosa,red
4.9,3.0,virginica,blue
7.0,3.2,setosa,red
"""


@pytest.fixture
def convert(tmp_path):
    """Run `fuel-convert table` in a directory of its own; gives the status."""

    def run(*args):
        return main(["table", *args, "-d", str(tmp_path), "-o", str(tmp_path)])

    return run


def read(path, split="train"):
    with h5py.File(path) as h5file:
        found = {}
        for row in h5file.attrs["split"]:
            if row["split"].decode() == split:
                found[row["source"].decode()] = h5file[row["source"]][row["start"] : row["stop"]]
        return found


def names(path, source, what):
    with h5py.File(path) as h5file:
        return json.loads(h5file[source].attrs[what])


def test_columns_of_numbers_become_features_and_texts_become_classes(convert, tmp_path):
    (tmp_path / "flowers.csv").write_text(FLOWERS)

    status = convert("flowers.csv", "--targets", "species", "--drop", "colour")

    found = read(tmp_path / "flowers.hdf5")
    assert status == 0
    expected = np.array([[5.1, 3.5], [4.9, 3.0], [7.0, 3.2]], np.float32)
    np.testing.assert_array_equal(found["features"], expected, strict=True)
    np.testing.assert_array_equal(found["targets"], np.array([[0], [1], [0]], "u1"), strict=True)
    assert names(tmp_path / "flowers.hdf5", "features", "feature_names") == ["length", "width"]
    assert names(tmp_path / "flowers.hdf5", "targets", "class_names") == ["setosa", "virginica"]


def test_texts_may_become_features_that_are_0_or_1(convert, tmp_path):
    (tmp_path / "flowers.csv").write_text(FLOWERS)

    convert("flowers.csv", "--targets", "species", "--one-hot", "colour", "--dtype", "float64")

    features = read(tmp_path / "flowers.hdf5")["features"]
    assert features.dtype == np.float64
    assert features[:, 2:].tolist() == [[0, 1], [1, 0], [0, 1]]
    given_names = names(tmp_path / "flowers.hdf5", "features", "feature_names")
    assert given_names == ["length", "width", "colour=blue", "colour=red"]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [("0 1 255", "u1"), ("0 1 256", "i4"), ("-1 0 1", "i4"), ("0 1 9e9", "i8"), ("0 1 0.5", "f4")],
)
def test_targets_that_are_numbers_stay_so(convert, tmp_path, values, dtype):
    rows = "".join(f"1,{value}\n" for value in values.split())
    (tmp_path / "x.csv").write_text(f"a,y\n{rows}")

    convert("x.csv", "--targets", "y")

    expected = np.array([[float(value)] for value in values.split()]).astype(dtype)
    np.testing.assert_array_equal(read(tmp_path / "x.hdf5")["targets"], expected, strict=True)


def test_several_files_are_splits_and_their_classes_agree(convert, tmp_path):
    (tmp_path / "a.csv").write_text("x,y,c\n1,dog,p\n2,cat,q\n")
    (tmp_path / "b.csv").write_text("x,y,c\n3,dog,r\n")

    convert("train=a.csv", "test=b.csv", "--targets", "y", "--one-hot", "c")

    test = read(tmp_path / "a.hdf5", "test")
    assert test["targets"].tolist() == [[1]]
    assert test["features"].tolist() == [[3, 0, 0, 1]]
    assert names(tmp_path / "a.hdf5", "targets", "class_names") == ["cat", "dog"]


def test_files_of_one_name_in_two_directories_are_both_recorded(convert, tmp_path):
    for number, split in enumerate(("train", "test")):
        (tmp_path / split).mkdir()
        (tmp_path / split / "x.csv").write_text(f"a\n{number}\n")

    convert("train=train/x.csv", "test=test/x.csv")

    with h5py.File(tmp_path / "x.hdf5") as h5file:
        recorded = json.loads(h5file.attrs["input_sha256"])
    assert set(recorded) == {str(tmp_path / split / "x.csv") for split in ("train", "test")}


def test_a_column_may_say_the_split(convert, tmp_path):
    (tmp_path / "x.csv").write_text("a,part\n1,train\n2,test\n3,train\n")

    convert("x.csv", "--split-column", "part")

    assert read(tmp_path / "x.hdf5", "train")["features"].tolist() == [[1], [3]]
    assert read(tmp_path / "x.hdf5", "test")["features"].tolist() == [[2]]


def test_splits_may_be_drawn_over_many_rows(convert, tmp_path):
    (tmp_path / "x.csv").write_text("a\n" + "\n".join(map(str, range(10_000))))

    convert("x.csv", "--fractions", "train=3/4,test=1/4", "--seed", "5")

    parts = [read(tmp_path / "x.hdf5", split)["features"][:, 0] for split in ("train", "test")]
    assert [len(part) for part in parts] == [7500, 2500]
    assert sorted(np.concatenate(parts).tolist()) == list(range(10_000))
    # the mean of 2500 of them, drawn without replacement, has a deviation of 50
    assert abs(parts[1].mean() - 4999.5) < 5 * 50


@pytest.mark.parametrize(
    ("name", "content", "flags"),
    [
        ("x.csv.gz", gzip.compress(b"a,b\n1,2\n"), []),
        ("x.tsv", b"a\tb\n1\t2\n", []),
        ("x.csv", b"a;b\n1;2\n", ["--delimiter", ";"]),
        ("x.csv", b"\xef\xbb\xbfa,b\r\n 1 ,2\r\n\r\n", []),
        ("x.csv", b"1,2\n", ["--no-header"]),
        ("x.csv", b'"a","b"\n"1","2"\n', []),
    ],
)
def test_all_common_forms_of_csv_are_read(convert, tmp_path, name, content, flags):
    (tmp_path / name).write_bytes(content)

    status = convert(name, *flags)

    assert status == 0
    assert read(tmp_path / "x.hdf5")["features"].tolist() == [[1, 2]]


def test_missing_values_are_refused_dropped_or_written_as_told(convert, tmp_path, capsys):
    (tmp_path / "x.csv").write_text("a,b,y\n1,?,0\n2,3,1\n4,,0\n")

    refused = convert("x.csv", "--targets", "y")
    said = capsys.readouterr().err
    convert("x.csv", "--targets", "y", "--missing", "drop")
    dropped = read(tmp_path / "x.hdf5")
    convert("x.csv", "--targets", "y", "--missing", "nan")
    written = read(tmp_path / "x.hdf5")

    assert refused == 2
    assert f"{tmp_path / 'x.csv'}, line 2: column 'b' has no value" in said
    assert (dropped["features"].tolist(), dropped["targets"].tolist()) == ([[2, 3]], [[1]])
    expected = np.array([[1, np.nan], [2, 3], [4, np.nan]], np.float32)
    np.testing.assert_array_equal(written["features"], expected)


def test_a_missing_target_is_never_written(convert, tmp_path, capsys):
    (tmp_path / "x.csv").write_text("a,y\n1,0\n2,\n")

    status = convert("x.csv", "--targets", "y", "--missing", "nan")

    assert status == 2
    assert "x.csv, line 3: column 'y' has no value" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "flags", "message"),
    [
        (b"a,b\n1,2\n3\n", [], "line 3: it has 1 fields, but there are 2 columns"),
        (b"a,b\n1,x\n", [], "line 2: column 'b' has 'x', which is no number; .*--one-hot b"),
        (b"a,b\n1,2\n3,\xe9\n", [], "line [0-9]: from here on it is not UTF-8 text"),
        (b'a,b\n1,2\n3,"4\n', [], "line 3: unexpected end of data"),
        (b"", [], "there is no table"),
        (b"a,b\n", [], "there are no rows"),
        (b"a,a\n1,2\n", [], "has two columns 'a'"),
        (b"a,b\n1,2\n", ["--targets", "c"], "has no column 'c', only a, b"),
        (b"a,b\n1,2\n", ["--targets", "a", "--drop", "a"], "'a' is given two roles"),
        (b"a,b\n1,2\n", ["--drop", "a", "--drop", "b"], "no column of .* is left"),
        (b"a,b\n1,2\n", ["--delimiter", "ab"], "is not one character"),
        (
            b"a,b\n1,2\n",
            ["--fractions", "x=1", "--split-column", "a"],
            "the splits are given by column and by fractions: choose one",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(convert, tmp_path, capsys, content, flags, message):
    (tmp_path / "x.csv").write_bytes(content)

    status = convert("x.csv", *flags)

    said = capsys.readouterr().err
    assert status == 2
    assert re.search(message, said)
    assert "Traceback" not in said
    assert not list(tmp_path.glob("*.hdf5"))


def test_tables_of_other_columns_are_no_second_split(convert, tmp_path, capsys):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.csv").write_text("y,x\n1,2\n")

    status = convert("train=a.csv", "test=b.csv")

    assert status == 2
    assert "has the columns y, x, but" in capsys.readouterr().err


@pytest.fixture(scope="module")
def parquet():
    return pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module")
def arrow():
    return pytest.importorskip("pyarrow")


def test_parquet_files_do_as_well(convert, tmp_path, parquet, arrow):
    columns = {
        "a": np.arange(3, dtype=np.int16),
        "b": [0.5, 1.5, 2.5],
        "c": arrow.array(["u", "v", "u"]).dictionary_encode(),
        "y": ["no", "yes", "no"],
    }
    parquet.write_table(arrow.table(columns), tmp_path / "x.parquet")

    status = convert("x.parquet", "--targets", "y", "--one-hot", "c")

    found = read(tmp_path / "x.hdf5")
    assert status == 0
    assert found["features"].tolist() == [[0, 0.5, 1, 0], [1, 1.5, 0, 1], [2, 2.5, 1, 0]]
    assert found["targets"].tolist() == [[0], [1], [0]]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([[1], [2]], "column 'a' holds list<.*>, which is neither numbers nor texts"),
        ([1, None], "x.parquet, row 1: column 'a' has no value"),
    ],
)
def test_what_is_wrong_in_parquet_files_is_said(
    convert, tmp_path, capsys, parquet, arrow, column, message
):
    parquet.write_table(arrow.table({"a": column}), tmp_path / "x.parquet")

    status = convert("x.parquet")

    assert status == 2
    assert re.search(message, capsys.readouterr().err)


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_damaged_parquet_file_is_read_or_refused(tmp_path_factory, parquet, arrow, data):
    directory = tmp_path_factory.mktemp("damaged")
    parquet.write_table(arrow.table({"a": list(range(50))}), directory / "x.parquet")
    content = bytearray((directory / "x.parquet").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (directory / "x.parquet").write_bytes(content[: data.draw(st.integers(1, len(content)))])

    try:
        convert_table(directory, directory, files=["x.parquet"])
    except ValueError as error:
        refused = str(error)
    else:
        refused = None

    assert refused is None or "x.parquet" in refused
    assert len(os.listdir(directory)) == (2 if refused is None else 1)


@given(content=st.binary(max_size=60))
@settings(max_examples=60, deadline=None)
def test_whatever_is_in_a_csv_file_it_is_read_or_refused(tmp_path_factory, content):
    directory = tmp_path_factory.mktemp("any")
    (directory / "x.csv").write_bytes(content)

    try:
        convert_table(directory, directory, files=["x.csv"])
    except ValueError as error:
        refused = str(error)
    else:
        refused = None

    assert refused is None or "x.csv" in refused
    assert len(os.listdir(directory)) == (2 if refused is None else 1)
