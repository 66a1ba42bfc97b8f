import os

import h5py
import numpy as np
import pytest
from programs import install, only_path

from fuel.commands.convert import main as fuel_convert
from fuel.commands.info import main as fuel_info
from fuel.converters.youtube_audio import convert_youtube_audio
from fuel.datasets.youtube_audio import YouTubeAudio
from fuel.exceptions import MissingInputFiles

VIDEO = "-dQw4w9WgXc"

# Takes numbers as text for sound, and repeats each in every channel.
FFMPEG = """
import struct, sys
arguments = sys.argv[1:]
value = lambda flag: arguments[arguments.index(flag) + 1]
assert value("-f") == "s16le" and arguments[-1] == "-" and value("-ar") == "8000"
sound = [int(word) for word in open(value("-i")).read().split()]
channels = int(value("-ac"))
sys.stdout.buffer.write(b"".join(struct.pack("<h", x) * channels for x in sound))
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    (programs := tmp_path / "programs").mkdir()
    (files := tmp_path / "files").mkdir()
    install(programs, "ffmpeg", FFMPEG)
    only_path(monkeypatch, programs)
    monkeypatch.setenv("FUEL_DATA_PATH", str(files))
    (files / f"{VIDEO}.m4a").write_text("1 -2 300 -32768")
    return files


@pytest.mark.parametrize("channels", [1, 2])
def test_sound_becomes_one_example(files, channels):
    (path,) = convert_youtube_audio(files, files, VIDEO, channels, 8000)

    assert path == str(files / f"{VIDEO}.hdf5")
    with h5py.File(path) as h5file:
        features = h5file["features"]
        expected = np.array(
            [[[1] * channels, [-2] * channels, [300] * channels, [-32768] * channels]]
        )
        np.testing.assert_array_equal(features[...], expected)
        assert features.dtype == np.int16
        assert [axis.label for axis in features.dims] == ["batch", "time", "feature"]
    assert sorted(os.listdir(files)) == [f"{VIDEO}.hdf5", f"{VIDEO}.m4a"]


def test_long_sound_is_written_piece_by_piece(files):
    sound = np.random.default_rng(0).integers(-(2**15), 2**15, 600_000)
    (files / f"{VIDEO}.m4a").write_text(" ".join(map(str, sound)))

    (path,) = convert_youtube_audio(files, files, VIDEO, 1, 8000)

    with h5py.File(path) as h5file:
        np.testing.assert_array_equal(h5file["features"][0, :, 0], sound)


def test_the_command_makes_the_data_set(files, capsys):
    arguments = [f"--youtube-id={VIDEO}", "--sample", "8000", "-d", str(files), "-o", str(files)]

    assert fuel_convert(["youtube_audio", *arguments]) == 0

    dataset = YouTubeAudio(VIDEO)
    ((features,),) = dataset.get_example_stream().get_epoch_iterator()
    assert features[:, 0].tolist() == [1, -2, 300, -32768]
    assert dataset.num_examples == 1
    assert fuel_info([str(files / f"{VIDEO}.hdf5")]) == 0
    assert f"--youtube-id={VIDEO}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import sys; sys.exit('Invalid data found')", "status 1 .* saying: Invalid data found"),
        ("", "after 0 bytes, saying: nothing"),
        ("print(end='abc')", "after 3 bytes"),
    ],
)
def test_sound_that_cannot_be_decoded_leaves_nothing(files, program, message):
    install(files.parent / "programs", "ffmpeg", program)

    with pytest.raises(ValueError, match=message):
        convert_youtube_audio(files, files, VIDEO, 1, 8000)

    assert os.listdir(files) == [f"{VIDEO}.m4a"]


def test_without_ffmpeg_the_cure_is_said(files):
    (files.parent / "programs" / "ffmpeg").unlink()

    with pytest.raises(ValueError, match="needs the program ffmpeg, .* install it"):
        convert_youtube_audio(files, files, VIDEO)


def test_sound_that_is_not_there_is_named(files):
    with pytest.raises(MissingInputFiles, match="another.m4a"):
        convert_youtube_audio(files, files, "another")


@pytest.mark.parametrize("video", ["../../etc", "", "a b", "x" * 65])
def test_what_can_be_no_id_is_refused(files, video):
    with pytest.raises(ValueError, match="is no id of a video"):
        convert_youtube_audio(files, files, video)
    with pytest.raises(ValueError, match="is no id of a video"):
        YouTubeAudio(video)


def test_channels_and_rates_must_be_positive(files):
    with pytest.raises(ValueError, match="channels=0 and sample=16000 must be at least 1"):
        convert_youtube_audio(files, files, VIDEO, 0)
