"""The house around the code: pages that must say what the code says, and files that only others run."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bot.__main__ import app
from bot.settings import WHERE, Settings
from bot.spend.csv_rows import OPTIONAL, REQUIRED, Format
from bot.sync.connection_file import CSV, CSV_LISTS, read

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def between(page: str, name: str) -> list[list[str]]:
    """The rows of the table inside the pair of comments of that name, without its heading."""
    text = (ROOT / page).read_text(encoding="utf-8")
    table = text.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.strip().splitlines()]
    return rows[2:]


# --- pages ---


def test_every_key_of_an_export_file_is_told() -> None:
    told = [key.strip("`") for key, *_ in between("docs/operating.md", "csv")]
    assert len(told) == len(set(told))
    assert set(told) == CSV
    defaults = {key.strip("`"): default.strip("`") for key, default, _ in between("docs/operating.md", "csv")}
    made = {one.name: one.default for one in dataclasses.fields(Format)}
    for key in CSV - {"path", "columns", *CSV_LISTS}:
        assert defaults[key] == made[key], key
    columns = {key.strip("`"): needed for key, needed, _ in between("docs/operating.md", "csv.columns")}
    assert list(columns) == [*REQUIRED, *OPTIONAL]
    assert {key for key, needed in columns.items() if needed == "yes"} == set(REQUIRED)


def test_the_settings_table_has_every_setting_with_its_default() -> None:
    told = {name.strip("`"): default.strip("`") for name, default, _ in between("docs/operating.md", "settings")}

    fields = {name.upper(): one.default for name, one in Settings.model_fields.items()}
    assert list(told) == list(fields) == list(WHERE)
    for name, default in fields.items():
        shown = "" if not str(default).strip("*") else str(default)
        assert told[name] == ("" if "SecretStr" in repr(default) else shown), name


def _switch(option: Any) -> str:
    """The option as one would type it: what is on by default is shown by its opposite."""
    if option.required:
        return f"{option.opts[0]} {option.metavar}"
    return f"[{option.secondary_opts[0] if option.default is True else option.opts[0]}]"


def commands() -> list[tuple[str, str]]:
    """Every command with its first sentence, as typer has it."""

    def walk(command: Any, path: str) -> list[tuple[str, str]]:
        if hasattr(command, "commands"):
            return [row for name, one in command.commands.items() for row in walk(one, f"{path} {name}".strip())]
        shown = [_switch(one) for one in command.params if one.opts[0].startswith("-") and one.name != "help"]
        arguments = [one.metavar or one.name.upper() for one in command.params if one.opts[0][0] != "-"]
        return [("`" + " ".join([path, *arguments, *shown]) + "`", command.help or "")]

    return walk(typer.main.get_command(app), "")


def test_the_command_table_has_every_command_with_its_options() -> None:
    told = [(name, what) for name, what in between("README.md", "commands")]

    assert told == [(name, " ".join(what.split())) for name, what in commands()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}, target


def test_the_connection_files_in_the_pages_can_be_imported(tmp_path: Path) -> None:
    text = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    api, csv = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    secrets = {"INTACCT_USER_PASSWORD": "p", "SPEND_CENTER_TOKEN": "t"}
    first, second = tmp_path / "api.toml", tmp_path / "csv.toml"
    first.write_text(api, encoding="utf-8")
    second.write_text(re.sub(r"\[spend_center\]\n[^\n]*\n", csv, api), encoding="utf-8")

    assert read(first, secrets).connection["name"] == "Portland"
    assert read(second, secrets).connection["csv"]["columns"]["GL Account"] == "Account"


# --- containers ---


def test_the_image_is_built_from_pinned_hashed_packages_and_runs_as_nobody_special() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    user, health = text.index("\nUSER bot"), text.index("HEALTHCHECK")

    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["python:3.13-slim"] * 2
    assert "--require-hashes" in text
    assert user < health < text.index('ENTRYPOINT ["python", "-m", "bot"]') < text.index('CMD ["run"]')
    assert "/healthz" in text[health:]
    for copied in re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE):
        assert (ROOT / copied).exists(), copied


def test_the_build_gets_what_the_image_copies_and_no_secret() -> None:
    rules = [one for one in (ROOT / ".dockerignore").read_text().splitlines() if one and not one.startswith("#")]
    copied = set(re.findall(r"^COPY (?!--from)(\S+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE))

    assert rules[0] == "*"
    assert {one[1:] for one in rules if one.startswith("!")} == copied


def test_the_image_needs_nothing_of_the_sources_but_python_files_and_pages() -> None:
    """Files that the code opens beside itself are inside bot/ and handlers/, which the image has whole."""
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]

    for package, patterns in data.items():
        for pattern in patterns:
            assert list((ROOT / package.replace(".", "/")).glob(pattern)), (package, pattern)


def test_compose_runs_two_replicas_that_wait_for_the_database_and_share_their_keys() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    bot, database = services["bot"], services["database"]

    assert bot["deploy"]["replicas"] == 2
    assert "ports" not in bot, "two replicas cannot share a host's port"
    assert bot["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert set(bot["environment"]) <= set(WHERE)
    assert "?" in bot["environment"]["ENCRYPTION_KEYS"], "each replica needs the same keys"
    for service in (bot, database):
        assert service["healthcheck"]["test"][0].startswith("CMD")
        assert service["restart"] == "unless-stopped"
    for line in bot["environment"].values():
        assert not re.search(r"x(ox|app)\w-\d", line)


# --- what guards main ---


def test_the_guard_stops_at_the_first_failure_and_is_valid_bash() -> None:
    guard = ROOT / ".ci/run"

    assert os.access(guard, os.X_OK)
    assert "set -euo pipefail" in guard.read_text()
    assert subprocess.run(["bash", "-n", guard], check=False).returncode == 0


def test_pinned_requirements_have_a_hash_each_and_name_no_index() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        pins = re.findall(r"^[a-z0-9][\w.\-\[\],]*==\S+.*$", text, re.MULTILINE)
        assert len(pins) > 20
        assert all(line.endswith("\\") for line in pins), name
        assert not re.search(r"https?://|--index|--extra-index", text), name


def test_every_direct_dependency_is_pinned() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name, listed in (
        ("requirements.txt", wanted["dependencies"]),
        ("requirements-dev.txt", wanted["optional-dependencies"]["dev"]),
    ):
        pinned = set(re.findall(r"^([a-z0-9][\w.\-]*)(?:\[[^\]]*\])?==", (ROOT / name).read_text(), re.MULTILINE))
        for one in listed:
            assert re.split(r"[\[<>=]", one)[0] in pinned, one
