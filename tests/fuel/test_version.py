import tomllib
from pathlib import Path

import fuel
from fuel.version import version

PROJECT = Path(__file__).parent.parent.parent / "pyproject.toml"


def test_the_package_knows_the_version_of_its_distribution():
    assert version == tomllib.loads(PROJECT.read_text())["project"]["version"]
    assert fuel.__version__ == version
