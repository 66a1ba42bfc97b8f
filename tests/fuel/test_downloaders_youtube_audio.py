import os

import pytest
from programs import install, only_path

from fuel.commands.download import main as fuel_download
from fuel.downloaders import DownloadError
from fuel.downloaders.youtube_audio import download_youtube_audio

VIDEO = "-dQw4w9WgXc"
PROGRAM = """
import sys
path = sys.argv[sys.argv.index("-o") + 1].replace("%%", "%")
open(path, "w").write("sound of " + sys.argv[-1])
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    (directory := tmp_path / "programs").mkdir()
    only_path(monkeypatch, directory)
    return directory


@pytest.mark.parametrize("name", ["yt-dlp", "youtube-dl"])
def test_the_sound_is_fetched_by_a_program(tmp_path, programs, name):
    install(programs, name, PROGRAM)
    target = tmp_path / "100% new"

    status = fuel_download(["youtube_audio", f"--youtube-id={VIDEO}", "-d", str(target)])

    assert status == 0
    assert os.listdir(target) == [f"{VIDEO}.m4a"]
    content = (target / f"{VIDEO}.m4a").read_text()
    assert content == f"sound of https://www.youtube.com/watch?v={VIDEO}"


def test_sound_that_is_there_is_not_fetched_again(tmp_path, programs):
    (tmp_path / f"{VIDEO}.m4a").write_text("mine")

    download_youtube_audio(tmp_path, VIDEO)

    assert (tmp_path / f"{VIDEO}.m4a").read_text() == "mine"


def test_clearing_deletes_the_sound(tmp_path):
    (tmp_path / f"{VIDEO}.m4a").touch()
    (tmp_path / "mine").touch()

    download_youtube_audio(tmp_path, VIDEO, clear=True)

    assert os.listdir(tmp_path) == ["mine"]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import sys; sys.exit('ERROR: no video')", "status 1, saying: ERROR: no video"),
        ("", "status 0, saying: nothing"),
    ],
)
def test_a_failure_is_said_and_leaves_nothing(tmp_path, programs, program, message):
    install(programs, "yt-dlp", program)
    (target := tmp_path / "target").mkdir()

    with pytest.raises(DownloadError, match=message):
        download_youtube_audio(target, VIDEO)

    assert os.listdir(target) == []


def test_without_the_program_the_cure_is_said(tmp_path, programs):
    with pytest.raises(DownloadError, match="pip install yt-dlp"):
        download_youtube_audio(tmp_path, VIDEO)


def test_what_can_be_no_id_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is no id of a video"):
        download_youtube_audio(tmp_path, "../up")
