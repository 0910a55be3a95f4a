"""The GitHub workflows: pinned, with least permissions, and of commands that are there."""

import re
from pathlib import Path

import address
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXTS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((ROOT / ".github" / "workflows").iterdir())
}
FLOWS = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
JOBS = {(name, job): made for name, flow in FLOWS.items() for job, made in flow["jobs"].items()}
STEPS = [(f"{'/'.join(where)}", step) for where, made in JOBS.items() for step in made["steps"]]
RUNS = [(where, step["run"]) for where, step in STEPS if "run" in step]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([\w-]+):", MAKEFILE, re.M))
# What a job may do besides reading.
GRANTED = {
    ("tests", "pages"): {"pages": "write", "id-token": "write"},
    ("tests", "colab"): {"contents": "write"},  # the branch with the Colab editions
}

every_text = pytest.mark.parametrize("name", TEXTS)
every_job = pytest.mark.parametrize("where", JOBS, ids="/".join)


def missing(command):
    """Targets and tools that a command calls and that are not there."""
    calls = re.findall(r"(?:^|[;&|]\s*)make ([^;&|\n]+)", command, re.M)
    targets = {word for call in calls for word in call.split() if "=" not in word}
    tools = {
        path for path in re.findall(r"\btools/\w+\.py", command) if not (ROOT / path).is_file()
    }
    return sorted((targets - TARGETS) | tools)


def test_these_workflows_are_there_and_run_when_they_should():
    on = {name: flow[True] for name, flow in FLOWS.items()}  # YAML 1.1 reads `on` as true
    assert set(on) == {"tests", "canary", "links"}
    assert on["tests"] == {
        "push": {"branches": ["main"]},
        "pull_request": None,
        "workflow_dispatch": None,
    }
    assert re.fullmatch(r"\d+ \d+ \* \* 1", on["canary"]["schedule"][0]["cron"])  # every week
    assert re.fullmatch(r"\d+ \d+ 1 \* \*", on["links"]["schedule"][0]["cron"])  # every month


def test_tests_run_on_both_systems_and_every_python():
    job = JOBS["tests", "test"]
    matrix = job["strategy"]["matrix"]
    assert [name.split("-")[0] for name in matrix["os"]] == ["ubuntu", "macos"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'requires-python = ">={matrix["python"][0]}"' in project
    assert job["env"]["VSLIB_BROWSER"] == "required"
    assert "make test TORCH=cpu" in [step.get("run") for step in job["steps"]]


@every_text
def test_actions_are_pinned_by_sha_and_say_which_version(name):
    used = re.findall(r"\buses: (.*)$", TEXTS[name], re.M)
    assert len(used) == sum("uses" in step for where, step in STEPS if where.split("/")[0] == name)
    for line in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_an_action_has_one_pin():
    pins = {pin for text in TEXTS.values() for pin in re.findall(r"\buses: (\S+)", text)}
    assert len({pin.split("@")[0] for pin in pins}) == len(pins)


@every_job
def test_permissions_are_the_least(where):
    assert FLOWS[where[0]]["permissions"] == {"contents": "read"}
    assert JOBS[where].get("permissions", {}) == GRANTED.get(where, {})
    checkouts = [
        s for s in JOBS[where]["steps"] if s.get("uses", "").startswith("actions/checkout")
    ]
    # What may write runs nothing of the repository; what runs it holds no token.
    assert not (checkouts and where in GRANTED)
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@every_job
def test_jobs_end(where):
    assert JOBS[where]["timeout-minutes"] <= 75
    assert FLOWS[where[0]]["concurrency"]["group"]


def test_nothing_that_a_stranger_may_write_is_put_into_a_command():
    assert [where for where, command in RUNS if "${{" in command] == []


@pytest.mark.parametrize("where, command", RUNS, ids=[where for where, _ in RUNS])
def test_commands_are_there(where, command):
    assert missing(command) == []


def test_a_command_that_is_not_there_is_found():
    assert missing("cd a && make pdf nonsense X=1\npython tools/gone.py") == [
        "nonsense",
        "tools/gone.py",
    ]


def test_tools_that_the_makefile_calls_are_there():
    assert missing(MAKEFILE.replace("\t", "")) == []


def test_only_what_passed_everywhere_is_published():
    steps = JOBS["tests", "test"]["steps"]
    commands = [step.get("run", step.get("uses", "")) for step in steps]
    order = [
        next(i for i, command in enumerate(commands) if command.startswith(start))
        for start in ("make test", "make pdf zip colab", "cp _build/", "actions/upload-pages")
    ]
    assert order == sorted(order)
    published = "env.PUBLISHED == 'true'"
    assert all(step["if"] == published for step in steps[order[1] :])
    condition = JOBS["tests", "test"]["env"]["PUBLISHED"]
    matrix = JOBS["tests", "test"]["strategy"]["matrix"]
    assert "github.ref == 'refs/heads/main'" in condition
    system, python = re.findall(r"matrix\.\w+ == '([^']+)'", condition)
    assert system in matrix["os"] and python in matrix["python"]
    for name in ("pages", "colab"):
        assert JOBS["tests", name]["needs"] == "test"
        assert JOBS["tests", name]["if"] == "github.ref == 'refs/heads/main'"


def test_the_canary_takes_the_newest_and_colab_s_list_of_the_day():
    commands = [command for where, command in RUNS if where == "canary/newest"]
    assert commands == ["make newest TORCH=cpu", "make test TORCH=cpu"]
    asked, check = [command for where, command in RUNS if where == "canary/colab"]
    assert "pip-freeze.txt" in asked and "-o colab.txt" in asked
    assert check.startswith("make colab-check LIST=colab.txt")


def test_badges_and_links_name_what_is_there():
    named = re.findall(r"workflows/(\w+)\.yml", "\n".join(address.Address("a", "b").badges()))
    assert named and set(named) <= set(FLOWS)
