"""infra/image/Dockerfile, without a container engine.

Its steps are read and carried out in a folder, with one replacement: where it installs packages with pip, those of this
environment are copied, which are the same versions. So the copying, the trimming and the compiling are the file's own,
and what comes out is started as Lambda would. The base image and the build itself are not tried here.
"""

import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from samtranslator.yaml_helper import yaml_parse

from portrait import tariff
from tests.unit.test_settings import GOOD

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "infra/image/Dockerfile"
REQUIREMENTS = ROOT / "infra/image/requirements.txt"


@dataclass(frozen=True)
class Step:
    """One instruction of a Dockerfile: `COPY`, and what follows it."""

    word: str
    rest: str


def steps() -> list[Step]:
    text = "\n".join(line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#"))
    lines = text.replace("\\\n", " ").splitlines()
    return [Step(*line.split(maxsplit=1)) for line in lines if line.strip()]


def copies(models: str = "models") -> list[tuple[list[str], str]]:
    """Sources in the repository, and where in the image they go, with the networks of this folder."""
    copied = [step.rest for step in steps() if step.word == "COPY" and not step.rest.startswith("--from")]
    inside = [rest.replace("${MODELS}", models).split() for rest in copied]
    return [(sources, target) for *sources, target in inside]


def requirements() -> Iterator[tuple[Requirement, list[str]]]:
    """Each pinned package with its hashes."""
    for block in re.sub(r"\\\n", " ", REQUIREMENTS.read_text()).splitlines():
        if block.strip() and not block.lstrip().startswith("#"):
            head, *hashes = block.split("--hash=")
            yield Requirement(head.strip()), [text.strip() for text in hashes]


# ---- what the file says -------------------------------------------------------------------------------


def test_everything_that_is_copied_is_there() -> None:
    for sources, _ in copies():
        for source in sources:
            assert list(ROOT.glob(source)), source


def test_every_package_is_pinned_and_hashed() -> None:
    found = list(requirements())
    assert len(found) > 10
    for requirement, hashes in found:
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", text) for text in hashes), requirement


def test_packages_are_installed_by_hash_and_never_built() -> None:
    [install] = [step.rest for step in steps() if step.word == "RUN" and "pip install" in step.rest]
    for option in ("--require-hashes", "--no-deps", "--only-binary :all:", "--requirement /build/requirements.txt"):
        assert option in install


def test_the_image_runs_what_the_template_names_as_nobody_special() -> None:
    last = [step for step in steps() if step.word in ("USER", "ENTRYPOINT", "CMD")]
    said = {step.word: step.rest for step in last}
    assert json.loads(said["ENTRYPOINT"]) == ["python", "-m", "awslambdaric"]
    assert json.loads(said["CMD"]) == ["depth.main.handler"]
    assert "Command: [depth.main.handler]" in (ROOT / "template.yaml").read_text()
    assert not said["USER"].startswith(("root", "0"))


def test_the_base_can_be_named_by_digest() -> None:
    assert steps()[0] == Step("ARG", "BASE=public.ecr.aws/lambda/python:3.13")
    assert {step.rest.split()[0] for step in steps() if step.word == "FROM"} == {"${BASE}"}


def test_the_build_sees_what_it_copies_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert lines[0] == "*"
    for_any_folder = [*copies("models"), *copies("models/*")]
    assert let_in == {source for sources, _ in for_any_folder for source in sources}


def test_the_template_says_which_networks_go_in_and_where_they_lie() -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    depth = template["Resources"]["DepthFunction"]
    assert depth["Metadata"]["DockerBuildArgs"] == {"MODELS": {"Ref": "ModelsFolder"}}
    assert depth["Properties"]["Environment"]["Variables"]["MODELS_DIR"] == {"Ref": "ModelsFolder"}
    assert Step("ARG", f"MODELS={template['Parameters']['ModelsFolder']['Default']}") in steps()
    for folder in ("models", "models/david-base"):
        targets = {target for sources, target in copies(folder) if any("onnx" in source for source in sources)}
        assert targets == {f"/var/task/{folder}/"}


# ---- what comes out -----------------------------------------------------------------------------------


def install(task: Path) -> None:
    """Copy the packages that requirements.txt names out of this environment: the same versions, or a failure."""
    for requirement, _ in requirements():
        if requirement.marker and not requirement.marker.evaluate():
            continue
        there = importlib.metadata.distribution(requirement.name)
        assert requirement.specifier.contains(there.version), f"{requirement.name} {there.version} is installed"
        for file in there.files or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                target = task / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(there.locate_file(file), target)


def carry_out(step: Step, task: Path) -> None:
    """COPY and RUN of the first stage, with the image's /var/task at `task`."""
    if step.word == "COPY":
        *sources, target = step.rest.replace("${MODELS}", "models").split()
        into = Path(target.replace("/var/task", str(task)))
        for source in [found for pattern in sources for found in ROOT.glob(pattern)]:
            if source.is_dir():
                shutil.copytree(source, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                into.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, into)
    elif step.word == "RUN":
        command = step.rest.replace("/var/task", shlex.quote(str(task))).replace("python -m", f"{sys.executable} -m")
        subprocess.run(["sh", "-ec", command], check=True, timeout=240)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """/var/task as the Dockerfile's first stage leaves it."""
    folder = tmp_path_factory.mktemp("image") / "task"
    folder.mkdir()
    first_stage: list[Step] = []
    for step in steps()[2:]:
        if step.word == "FROM":
            break
        first_stage.append(step)
    for step in first_stage:
        if "pip install" in step.rest:
            install(folder)
        elif "requirements.txt" not in step.rest:
            carry_out(step, folder)
    yield folder
    shutil.rmtree(folder)


CALL = """
import json, sys
from depth.main import handler
event = json.load(sys.stdin)
answer = handler(event, None)
import numpy, onnxruntime, PIL
print(json.dumps({
    "status": answer["statusCode"],
    "code": json.loads(answer["body"])["code"],
    "from": sorted({module.__file__ for module in (numpy, onnxruntime, PIL)}),
}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("tracing", ["0", "1"])
def test_the_image_opens_its_networks_and_answers(task: Path, tracing: str) -> None:
    """Everything that a cold start loads is in the folder; nothing else is on the path."""
    event = {
        "httpMethod": "POST",
        "path": f"/{tariff.DEPTH_ENDPOINT}",
        "headers": {},
        "body": "",
        "requestContext": {"requestId": "an-id", "requestTimeEpoch": 1_800_000_000_000},
    }
    environment = {
        **GOOD,
        "TRACING": tracing,
        "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR",  # no segment is open outside Lambda
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(task),
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }
    done = subprocess.run(
        # -S: this environment's own packages stay out, as in the image.
        [sys.executable, "-S", "-c", CALL],
        cwd=task,
        env=environment,
        input=json.dumps(event),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (answer["status"], answer["code"]) == (401, "missing_api_key")
    assert all(file.startswith(str(task)) for file in answer["from"])


@pytest.mark.slow
def test_the_runtime_client_starts_from_the_image(task: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import awslambdaric, awslambdaric.bootstrap; print(awslambdaric.__version__)"],
        cwd=task,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(task)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [pinned] = [requirement for requirement, _ in requirements() if requirement.name == "awslambdaric"]
    assert pinned.specifier.contains(done.stdout.strip())


@pytest.mark.slow
def test_the_image_holds_bytecode_and_little_that_is_not_used(task: Path) -> None:
    sources = {path for path in task.rglob("*.py") if "__pycache__" not in path.parts}
    compiled = {path for path in sources if list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"))}
    ours = {path for path in sources if path.is_relative_to(task / "depth") or path.is_relative_to(task / "portrait")}
    assert ours <= compiled
    assert len(compiled) > 0.99 * len(sources)
    services = [path.name for path in (task / "botocore/data").iterdir() if path.is_dir()]
    assert set(services) == {"dynamodb", "xray"}
    size_mb = sum(path.stat().st_size for path in task.rglob("*") if path.is_file()) / 1e6
    assert size_mb < 220


@pytest.mark.slow
def test_everyone_may_read_the_image(task: Path) -> None:
    for path in task.rglob("*"):
        needed = 0o555 if path.is_dir() else 0o444
        assert path.stat().st_mode & needed == needed, path
