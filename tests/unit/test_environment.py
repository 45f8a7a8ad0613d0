"""environment.yml and constraints.txt say the same as pyproject.toml."""

import re
from pathlib import Path

import pytest
import setuptools  # noqa: F401  # before pip: it refuses the distutils that pip imports
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from pip._internal.exceptions import InstallationError
from pip._internal.req.constructors import install_req_from_parsed_requirement
from pip._internal.req.req_file import parse_requirements
from rattler import MatchSpec

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
# What conda-forge calls differently from PyPI.
CONDA_NAMES = {
    "pytorch": "torch",
    "matplotlib-base": "matplotlib",
    "python-graphviz": "graphviz",
}


def wanted():
    return {Requirement(line).name: Requirement(line).specifier for line in PROJECT["dependencies"]}


def test_conda_gets_the_same_packages_within_the_same_bounds():
    found = {}
    for line in ENVIRONMENT["dependencies"]:
        if isinstance(line, str):
            spec = MatchSpec(line)
            name = spec.name.normalized if hasattr(spec.name, "normalized") else str(spec.name)
            found[CONDA_NAMES.get(name, name)] = SpecifierSet(str(spec.version or ""))
        else:
            for text in line["pip"]:
                if not text.startswith("-"):
                    found[Requirement(text).name] = Requirement(text).specifier
    assert found.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert found.pop("pip") == SpecifierSet("")
    assert found == wanted()


PIP_LINES = [
    line
    for entry in ENVIRONMENT["dependencies"]
    if isinstance(entry, dict)
    for line in entry["pip"]
]


def read_by_pip(line, folder):
    """What pip would install for one line of the `pip:` section, of which conda makes a file."""
    file = folder / "requirements.txt"
    file.write_text(line + "\n", encoding="utf-8")
    (parsed,) = parse_requirements(str(file), session=None)  # a file needs no network
    return install_req_from_parsed_requirement(parsed)


@pytest.mark.parametrize("line", PIP_LINES)
def test_pip_accepts_each_line_of_the_pip_section(line, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)  # conda runs pip beside environment.yml
    wish = read_by_pip(line, tmp_path)
    assert wish.editable == line.startswith("-e ")
    if wish.editable:
        assert Path(wish.local_file_path).samefile(ROOT)
    else:
        assert Requirement(str(wish.req)) == Requirement(line)


def test_the_pip_section_installs_the_lesson_itself():
    assert "-e ." in PIP_LINES


def test_pip_refuses_a_line_with_an_option_of_its_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(InstallationError, match="--no-deps"):
        read_by_pip("--no-deps -e .", tmp_path)


def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_every_constraint_is_an_exact_version_and_names_no_host():
    for line in pins():
        assert re.fullmatch(r"[A-Za-z0-9_.-]+==[A-Za-z0-9_.!]+( ?;.*)?", line), line


@pytest.mark.parametrize("name", sorted(wanted()))
def test_the_pinned_version_is_within_the_bounds(name):
    requirements = [Requirement(line) for line in pins()]
    versions = [
        next(iter(requirement.specifier)).version
        for requirement in requirements
        if requirement.name.lower().replace("_", "-") == name
    ]
    assert versions and all(wanted()[name].contains(version) for version in versions)


def test_torch_is_the_version_of_the_lesson():
    assert "torch==2.13.0" in pins()
