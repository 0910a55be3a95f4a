"""The GitHub workflows: pinned, with least permissions, and of commands that are there."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
TEXTS = {
    path.stem: path.read_text("utf-8")
    for path in sorted((ROOT / ".github/workflows").glob("*.yml"))
}
FLOWS = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
JOBS = [(name, job, FLOWS[name]["jobs"][job]) for name in FLOWS for job in FLOWS[name]["jobs"]]
STEPS = [(f"{name}/{job}", step) for name, job, made in JOBS for step in made["steps"]]
RUNS = [(where, step["run"]) for where, step in STEPS if "run" in step]
# What a job may do besides reading, and why.
GRANTED = {
    ("publish", "pages"): {"pages": "write", "id-token": "write"},
    ("publish", "colab"): {"contents": "write"},  # the branch with the Colab editions
}


def test_these_workflows_are_there():
    assert set(FLOWS) == {"tests", "publish", "canary", "links"}
    on = {name: flow[True] for name, flow in FLOWS.items()}  # YAML 1.1 reads `on` as true
    assert on["tests"].keys() == {"push", "pull_request"}
    assert on["publish"]["push"] == {"branches": ["main"]}
    for name, days in (("canary", "* * 1"), ("links", "1 * *")):
        assert on[name]["schedule"][0]["cron"].endswith(days)


def test_tests_run_on_both_systems_and_every_python():
    matrix = FLOWS["tests"]["jobs"]["test"]["strategy"]["matrix"]
    assert [name.split("-")[0] for name in matrix["os"]] == ["ubuntu", "macos"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    least = re.search(
        r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8")
    )
    assert matrix["python"][0] == least[1]


@pytest.mark.parametrize("name", TEXTS)
def test_actions_are_pinned_by_sha_and_say_which_version(name):
    used = re.findall(r"^ *-? ?uses: (.*)$", TEXTS[name], re.M)
    assert used
    for line in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize("name", TEXTS)
def test_one_action_has_one_pin(name):
    pins = {pin for text in TEXTS.values() for pin in re.findall(r"uses: (\S+)", text)}
    assert len({pin.split("@")[0] for pin in pins}) == len(pins)


@pytest.mark.parametrize("name, job, made", JOBS, ids=lambda v: v if isinstance(v, str) else "")
def test_permissions_are_the_least(name, job, made):
    assert FLOWS[name]["permissions"] == {"contents": "read"}
    assert made.get("permissions", {}) == GRANTED.get((name, job), {})
    assert made["timeout-minutes"] <= 75
    if GRANTED.get((name, job)):  # what may write runs nothing of the repository
        assert not any("checkout" in step.get("uses", "") for step in made["steps"])
    for step in made["steps"]:
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_nothing_that_a_stranger_writes_is_put_into_a_command():
    for where, command in RUNS:
        assert "${{" not in command, where


@pytest.mark.parametrize("where, command", RUNS, ids=[where for where, _ in RUNS])
def test_commands_are_there(where, command):
    called = re.findall(r"(?<![\w-])make ([\w-]+)", command)
    assert set(called) <= TARGETS, where
    for path in re.findall(r"\b(tools/\w+\.py)", command):
        assert (ROOT / path).is_file()


def test_every_tool_that_the_makefile_calls_is_there():
    text = (ROOT / "Makefile").read_text("utf-8")
    for path in re.findall(r"\b(tools/\w+\.py)", text):
        assert (ROOT / path).is_file(), path


def test_only_what_passed_is_published():
    jobs = FLOWS["publish"]["jobs"]
    commands = [step.get("run", "") for step in jobs["build"]["steps"]]
    order = [
        next(i for i, c in enumerate(commands) if word in c)
        for word in ("test", "pdf", "zip", "colab")
    ]
    assert order == sorted(order)
    for name in ("pages", "colab"):
        assert jobs[name]["needs"] == "build"
    deployed = [step.get("uses", "") for step in jobs["pages"]["steps"]]
    assert any("deploy-pages" in name for name in deployed)


def test_the_canary_takes_the_newest_and_colab_s_list_of_the_day():
    commands = "\n".join(command for where, command in RUNS if where.startswith("canary"))
    assert "make newest" in commands and "make colab-check LIST=colab.txt" in commands


def test_the_badge_and_the_form_name_what_is_there():
    import address

    named = re.findall(r"workflows/(\w+)\.yml", "\n".join(address.Address("a", "b").badges()))
    assert set(named) <= set(FLOWS)
