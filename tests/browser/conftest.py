"""One JupyterLab and one Chromium for all browser tests."""

import os
import shutil
from functools import partial
from pathlib import Path

import pytest
from laboratory import (
    CHROMIUM,
    browse,
    new_page,
    open_notebook,
    run_all,
    serve,
    set_theme,
    write_notebook,
)

__all__ = ["open_notebook", "run_all", "set_theme"]

ROOT = Path(__file__).parents[2]

if CHROMIUM is None and not os.environ.get("LESSON_REQUIRE_BROWSER"):
    collect_ignore_glob = ["test_*.py"]  # `make test` has said so in one line


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Where the JupyterLab serves from: a copy of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    return folder


@pytest.fixture(scope="session")
def lab(folder):
    """Address of a JupyterLab over the notebooks."""
    with serve(folder) as address:
        yield address


@pytest.fixture(scope="session")
def write(folder):
    """Write a notebook, of a name and cells, where the JupyterLab finds it."""
    return partial(write_notebook, folder)


@pytest.fixture(scope="session")
def chromium():
    with browse() as browser:
        yield browser


@pytest.fixture
def page(chromium):
    page = new_page(chromium)
    yield page
    page.close()


@pytest.fixture(scope="module")
def long_page(chromium):
    """A page for all tests of a file, in their order."""
    page = new_page(chromium)
    yield page
    page.close()
