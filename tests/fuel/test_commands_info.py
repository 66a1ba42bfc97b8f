import os
import pty
import re
import subprocess
import sys

import h5py
import numpy as np
import pytest
from idx_files import write_idx_files

from fuel.commands.convert import main as convert
from fuel.commands.info import main
from fuel.converters import create_hdf5, fill_hdf5_file, write_hdf5
from fuel.datasets import H5PYDataset

SHAPE = ["16", "x", "1", "x", "28", "x", "28"]


@pytest.fixture
def mnist(tmp_path, monkeypatch, capsys):
    write_idx_files(tmp_path)
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    convert(["mnist", "-d", str(tmp_path), "-o", str(tmp_path)])
    capsys.readouterr()
    return tmp_path / "mnist.hdf5"


def words(text):
    """The lines of a text, each as its words."""
    return [line.split() for line in text.splitlines()]


def test_it_says_all_there_is_to_know(mnist, capsys):
    status = main([str(mnist)])

    said = capsys.readouterr().out
    lines = words(said)
    assert status == 0
    assert said.startswith("mnist.hdf5\n==========\n")
    made = ["mnist", "-d", str(mnist.parent), "-o", str(mnist.parent)]
    assert ["command", "fuel-convert", *made] in lines
    assert ["H5PYDataset", "0.3"] in lines
    assert ["fuel.converters", "0.2"] in lines
    axes = ["batch,", "channel,", "height,", "width"]
    assert [
        "features",
        *["16", "x", "1", "x", "28", "x", "28"],
        "uint8",
        *axes,
        "contiguous",
        "fast",
    ] in lines
    assert ["targets", *["16", "x", "1"], "uint8", "batch,", "index", "contiguous", "fast"] in lines
    assert ["train", "12", "features", "0:12,", "targets", "0:12"] in lines
    assert ["test", "4", "features", "12:16,", "targets", "12:16"] in lines
    assert "warning" not in said
    assert "\x1b" not in said


@pytest.mark.parametrize("name", ["mnist", "mnist.hdf5"])
def test_a_bare_name_is_looked_up_in_the_data_path(mnist, capsys, monkeypatch, name):
    (mnist.parent / "elsewhere" / "mnist").mkdir(parents=True)
    monkeypatch.chdir(mnist.parent / "elsewhere")  # a directory of that name is no file of data

    status = main([name])

    assert status == 0
    assert "fuel-convert mnist" in capsys.readouterr().out


@pytest.mark.parametrize("text", [b"CC0 \xf2", "CC0 \ud800".encode(errors="surrogatepass")])
def test_a_text_of_the_file_that_is_none_is_shown_as_far_as_it_is_one(tmp_path, text):
    with create_hdf5(tmp_path / "x.hdf5") as h5file:
        fill_hdf5_file(h5file, [("train", "numbers", np.zeros((5, 2), np.float32))])
        h5file.attrs.create("licence", text, dtype=h5py.string_dtype())

    done = subprocess.run(
        [sys.executable, "-m", "fuel.bin.fuel_info", str(tmp_path / "x.hdf5")],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )

    assert done.returncode == 0
    assert "CC0 \N{REPLACEMENT CHARACTER}" in done.stdout.decode()


def test_what_standard_output_has_no_code_for_is_written_as_numbers(tmp_path):
    write_hdf5(tmp_path / "x.hdf5", {"train": {"größe": np.arange(3)}})

    done = subprocess.run(
        [sys.executable, "-m", "fuel.bin.fuel_info", str(tmp_path / "x.hdf5")],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert done.returncode == 0, done.stderr
    assert b"gr\\xf6\\xdfe" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are texts elsewhere")
def test_a_file_whose_name_is_no_text_is_described_and_has_a_page(tmp_path, capsys):
    path = os.fsencode(tmp_path) + b"/\xff.hdf5"
    write_hdf5(tmp_path / "x.hdf5", {"train": {"x": np.arange(3)}})
    os.rename(tmp_path / "x.hdf5", path)

    status = main([os.fsdecode(path), "--html", str(tmp_path / "page.html")])

    assert status == 0
    assert "<h1>?.hdf5</h1>" in (tmp_path / "page.html").read_text()


def test_a_file_that_does_not_say_how_it_was_made_is_described_all_the_same(tmp_path, capsys):
    with create_hdf5(tmp_path / "x.hdf5") as h5file:
        fill_hdf5_file(h5file, [("train", "numbers", np.zeros((5, 2), np.float32))])

    status = main([str(tmp_path / "x.hdf5")])

    lines = words(capsys.readouterr().out)
    assert status == 0
    assert ["command", "N/A"] in lines
    assert ["fuel.converters", "N/A"] in lines
    assert ["numbers", "5", "x", "2", "float32", "?,", "?", "contiguous", "fast"] in lines


@pytest.mark.parametrize(
    ("settings", "layout", "speed", "warning"),
    [
        ({"chunks": (1, 40, 40)}, "chunks 1 x 40 x 40", "fast", None),
        ({"chunks": (8, 40, 40)}, "chunks 8 x 40 x 40", "fast", None),
        ({"chunks": (64, 40, 40), "compression": "gzip"}, "gzip", "fair", None),
        (
            {"chunks": (1, 20, 20)},
            "chunks 1 x 20 x 20",
            "slow",
            "each row is spread over 4 chunks",
        ),
        (
            {"chunks": (1000, 40, 40), "compression": "gzip", "shuffle": True},
            "chunks 1000 x 40 x 40, shuffle, gzip",
            "slow",
            "1000 rows must be unpacked (shuffle, gzip) to get one",
        ),
        (
            {"chunks": (1, 40, 40), "compression": "gzip"},
            "chunks 1 x 40 x 40, gzip",
            "slow",
            "it is unpacked (gzip) in pieces of only 1600 bytes",
        ),
    ],
)
def test_a_layout_that_is_slow_to_read_is_warned_of(
    tmp_path, capsys, settings, layout, speed, warning
):
    with h5py.File(tmp_path / "x.hdf5", "w") as h5file:
        h5file.create_dataset("images", data=np.zeros((1000, 40, 40), np.uint8), **settings)
        split = {"train": {"images": (0, 1000)}}
        h5file.attrs["split"] = H5PYDataset.create_split_array(split)

    main([str(tmp_path / "x.hdf5")])

    said = capsys.readouterr().out
    assert layout in said
    assert next(line for line in words(said) if line[:1] == ["images"])[-1] == speed
    if warning is None:
        assert "warning" not in said
    else:
        assert f"warning: images is slow to read shuffled: {warning}" in said
        assert "fuel-convert repack" in said


def test_splits_by_indices_and_without_some_source_are_counted(tmp_path, capsys):
    with h5py.File(tmp_path / "x.hdf5", "w") as h5file:
        h5file["features"] = np.zeros((20, 3))
        h5file["targets"] = np.zeros((20, 1))
        h5file["chosen"] = np.array([3, 5, 11])
        chosen = h5file["chosen"].ref
        h5file.attrs["split"] = H5PYDataset.create_split_array(
            {
                "train": {"features": (0, 20), "targets": (0, 20)},
                "odd": {"features": (0, 0, chosen)},
            }
        )

    main([str(tmp_path / "x.hdf5")])

    lines = words(capsys.readouterr().out)
    assert ["odd", "3", "features", "3", "single", "rows"] in lines
    assert not any(line[:1] == ["chosen"] for line in lines)


def test_a_file_that_is_not_there_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))

    statuses = [main(["none.hdf5"]), main([str(tmp_path / "none.hdf5")])]

    said = capsys.readouterr().err
    assert statuses == [2, 2]
    assert "there is no file 'none.hdf5' here" in said
    assert f"there is no 'none.hdf5' in the data path ({tmp_path})" in said
    assert f"fuel-info: {tmp_path / 'none.hdf5'}: No such file or directory" in said


@pytest.mark.parametrize(("name", "said"), [("", "is empty"), ("sub", "sub is a directory")])
def test_what_cannot_be_a_file_is_said_so(tmp_path, monkeypatch, capsys, name, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    (tmp_path / "sub").mkdir()

    assert main([name]) == 2
    assert said in capsys.readouterr().err


def test_axes_of_ragged_examples_and_texts_are_named(tmp_path, capsys):
    ragged = [np.zeros((1, size)) for size in (2, 3)]
    axes = {"x": ("batch", "time", "feature")}
    write_hdf5(tmp_path / "x.hdf5", {"train": {"x": ragged}}, axis_labels=axes)
    with h5py.File(tmp_path / "x.hdf5", "r+") as h5file:
        h5file.create_dataset("words", data=["a", "b"], dtype=h5py.string_dtype())
        parts = {"train": {"x": (0, 2), "words": (0, 2)}}
        h5file.attrs["split"] = H5PYDataset.create_split_array(parts)

    main([str(tmp_path / "x.hdf5")])

    lines = words(capsys.readouterr().out)
    assert next(line for line in lines if line[:2] == ["x", "2"])[2:7] == [
        "float64",
        "(ragged)",
        "batch,",
        "time,",
        "feature",
    ]
    assert next(line for line in lines if line[:2] == ["words", "2"])[2] == "text"


def test_a_file_of_another_kind_is_refused(tmp_path, capsys):
    (tmp_path / "x.hdf5").write_text("no HDF5")

    status = main([str(tmp_path / "x.hdf5")])

    assert status == 2
    assert "x.hdf5 is no HDF5 file, or a damaged one" in capsys.readouterr().err


def test_an_hdf5_file_of_others_is_refused(tmp_path, capsys):
    with h5py.File(tmp_path / "x.hdf5", "w") as h5file:
        h5file["numbers"] = np.zeros(3)

    status = main([str(tmp_path / "x.hdf5")])

    assert status == 2
    assert "has no 'split' attribute" in capsys.readouterr().err


def test_a_file_whose_source_is_gone_is_damaged(mnist, capsys):
    with h5py.File(mnist, "r+") as h5file:
        del h5file["targets"]

    status = main([str(mnist)])

    assert status == 2
    assert "names the source 'targets', but there is no such data set" in capsys.readouterr().err


@pytest.mark.parametrize("part", [0, 100, 0.5, 0.99])
def test_a_truncated_file_is_refused(mnist, part, capsys):
    content = mnist.read_bytes()
    mnist.write_bytes(content[: part if part > 1 else int(part * len(content))])

    status = main([str(mnist)])

    assert status == 2
    assert "mnist.hdf5 is no HDF5 file, or a damaged one" in capsys.readouterr().err


def test_on_a_terminal_lines_fit(mnist):
    code = f"from fuel.commands.info import main; main([{str(mnist)!r}])"
    terminal, side = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    subprocess.run([sys.executable, "-c", code], stdout=side, env=environment, check=True)
    os.close(side)
    drawn = re.sub(r"\x1b\[[0-9;]*m", "", os.read(terminal, 100_000).decode())
    os.close(terminal)

    assert "contiguous" in drawn
    assert max(len(line.rstrip()) for line in drawn.splitlines()) <= 80


@pytest.mark.parametrize("buffering", [["-u"], []])
@pytest.mark.parametrize("arguments", [["mnist.hdf5"], ["--print-completion", "bash"]])
def test_nobody_reading_is_no_error(mnist, buffering, arguments):
    if "--print-completion" in arguments:
        pytest.importorskip("shtab")
    code = f"import sys; from fuel.commands.info import main; sys.exit(main({arguments!r}))"
    reader, writer = os.pipe()
    os.close(reader)

    done = subprocess.run(
        [sys.executable, *buffering, "-c", code],
        cwd=mnist.parent,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("value", ["not JSON", "[1]", 3])
def test_a_file_whose_attributes_make_no_sense_is_damaged(mnist, value, capsys):
    with h5py.File(mnist, "r+") as h5file:
        h5file.attrs["input_sha256"] = value

    status = main([str(mnist)])

    assert status == 2
    assert "mnist.hdf5 is damaged" in capsys.readouterr().err


def test_a_directory_is_refused(tmp_path, capsys):
    status = main([str(tmp_path)])

    assert status == 2
    assert f"{tmp_path} is a directory" in capsys.readouterr().err
