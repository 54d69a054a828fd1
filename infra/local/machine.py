"""The local machine whole: store, tables, workers and front, started in this order and stopped in the other."""

import asyncio
import contextlib
import fcntl
import secrets
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from infra.local import checkout, processes, store, template
from infra.local.front import Front, Functions
from infra.local.gateway import Gateway, Limits
from infra.local.log import Log
from infra.local.pool import Pool
from infra.local.server import listening, serving
from infra.local.site import Site
from infra.local.store import Store
from infra.local.template import Function, Template

CODE: Final = ("functions", "layers/portrait")
"""What Lambda puts on the import path: a function's CodeUri and its layer."""


SITE: Final = "build/web"
"""Where `make web` puts the pages."""


class MachineError(Exception):
    """The machine cannot run. One sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. `data`: where keys, credits, ledger and logs are kept. `environment`: the caller's own."""

    root: Path
    data: Path
    port: int
    workers: int
    environment: Mapping[str, str]
    in_memory: bool = False
    aws_limits: bool = False
    endpoint: str = ""
    """Of a store that somebody else runs; empty: ours."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A running machine."""

    url: str
    store: Store
    pools: Mapping[str, Pool]
    demo_key: str
    """Empty where the store is AWS's: there is no demo account in a deployment."""


@contextlib.asynccontextmanager
async def running(options: Options, log: Log) -> AsyncIterator[Machine]:
    """Start everything, hand it over once it answers, stop everything. Raises MachineError, StoreError, WorkerDied."""
    with _alone(options.data), listening(options.port) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        plan = _plan(options, url)
        log.start_over()
        async with _store(options) as there:
            await asyncio.to_thread(_make_tables, there, plan, options)
            tills: Mapping[str, Functions] = {}
            if _is_on_this_machine(there):  # credits of a deployment are worth money, and no play money buys them
                plan, tills = checkout.stand_in(plan, url, options.data)
            environment = _environment(options, there)
            differences = _differences(options, url, there)
            functions = {name: _here(function, differences) for name, function in plan.functions.items()}
            pools = {
                name: Pool(function, _workers(function, options), environment, options.root, log.write)
                for name, function in functions.items()
            }
            limits = Limits.of_aws() if options.aws_limits else Limits()
            site = Site(options.root / SITE)
            front = Front(Gateway(plan.routes, plan.responses), {**pools, **tills}, limits, log.tell, site)
            async with working(pools.values()), serving(front, listener):
                await asyncio.to_thread(_check_health, url)
                yield Machine(url, there, pools, await _demo_key(options, there, functions, environment, log))


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Hold the data directory: two stores on the same files would spoil them. The kernel lets go when we end."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise MachineError(
                f"Another local machine is running on {data}: stop it first, or set LOCAL_DATA."
            ) from error
        yield


@contextlib.asynccontextmanager
async def _store(options: Options) -> AsyncIterator[Store]:
    """The store, and its address in a file for the operator's command."""
    if options.endpoint:
        there = Store.elsewhere(options.endpoint, options.environment)
    else:
        directory = None if options.in_memory else options.data / "dynamodb"
        there = await Store.start(directory, options.root, options.data / "log" / "store.log")
    address = options.data / "endpoint"
    address.write_text(there.endpoint + "\n")
    try:
        yield there
    finally:
        address.unlink(missing_ok=True)
        await there.stop()


def _plan(options: Options, url: str) -> Template:
    """What the template says; errors link to the pages of this machine."""
    parameters = {"DocsUrl": f"{url}/docs/", **options.environment}
    plan = template.read(options.root / "template.yaml", parameters)
    return template.renamed(plan, options.environment) if options.endpoint else plan


def _make_tables(there: Store, plan: Template, options: Options) -> None:
    dynamodb = store.client(there.endpoint, there.credentials, there.region)
    store.make_tables(dynamodb, plan.tables, only_look=not _is_on_this_machine(there))


@contextlib.asynccontextmanager
async def working(pools: Collection[Pool]) -> AsyncIterator[None]:
    """Workers: handed over once each pool has one that waits for calls. Raises WorkerDied where one has none."""
    for pool in pools:
        pool.start()
    try:
        await asyncio.gather(*(pool.ready for pool in pools))
        yield
    finally:
        await asyncio.gather(*(pool.stop() for pool in pools))


def _workers(function: Function, options: Options) -> int:
    """The image function does the work; one process is enough for the answers of the small one."""
    return options.workers if function.is_image else 1


def _check_health(url: str) -> None:
    """The way of a caller: through the front and the small function."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=30) as answer:  # noqa: S310 - our own http address
            answer.read()
    except urllib.error.URLError as error:
        raise MachineError(f"GET /health does not answer: {error}.") from error


def _environment(options: Options, there: Store) -> dict[str, str]:
    """What every worker is told by this machine, and nothing of the terminal it was started from."""
    return {
        "PATH": options.environment.get("PATH", ""),
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": ":".join(str(options.root / part) for part in CODE),
        "AWS_REGION": there.region,
        "AWS_DEFAULT_REGION": there.region,
        "AWS_EC2_METADATA_DISABLED": "true",  # there is none here, and asking takes seconds
        "DYNAMODB_ENDPOINT": there.endpoint,
        "MAIL_OUTBOX": str(options.data / "outbox"),
        **there.credentials,
    }


def _differences(options: Options, url: str, there: Store) -> dict[str, str]:
    """Variables of the template that are others on this machine."""
    bounds = {} if options.aws_limits else {"ANSWER_BYTES": "0"}
    return {
        **bounds,
        "SITE_URL": url,
        "IDENTITY_SECRET": identity_secret(options, there),
        "ORIGIN_SECRET": "",  # nothing stands between a browser and this machine
    }


def identity_secret(options: Options, there: Store) -> str:
    """Where the key is by which accounts are found: this machine's own, unless IDENTITY_SECRET names another.

    A deployment's tables need the deployment's: with another one people would open second accounts in them, and have
    free credits once more. Raises MachineError.
    """
    if told := options.environment.get("IDENTITY_SECRET"):
        return told
    if not _is_on_this_machine(there):
        raise MachineError("These tables are a deployment's: set IDENTITY_SECRET to the ARN of its secret.")
    secret = options.data / "identity.secret"
    secret.touch(mode=0o600)
    if not secret.read_text():
        secret.write_text(secrets.token_hex(32) + "\n")
    return f"file:{secret}"


def _here(function: Function, differences: Mapping[str, str]) -> Function:
    """The template's function, with what is different here of what it is told."""
    told = {name: text for name, text in differences.items() if name in function.environment}
    return replace(function, environment={**function.environment, **told})


async def _demo_key(
    options: Options,
    there: Store,
    functions: Mapping[str, Function],
    environment: Mapping[str, str],
    log: Log,
) -> str:
    """Ask the operator's command for the demo account's key. Raises MachineError with what it said."""
    if not _is_on_this_machine(there):
        return ""
    tables = {name: text for function in functions.values() for name, text in function.environment.items()}
    arguments = ("demo-key", "--file", str(options.data / "demo.key"))
    said = await _operator(arguments, options.root, {**environment, **tables})
    *notes, key = said.splitlines()
    for note in notes:
        log.tell(note)
    return key.strip()


async def _operator(arguments: Sequence[str], root: Path, environment: Mapping[str, str]) -> str:
    command = [processes.PYTHON, "-m", "infra.admin.cli", *arguments]
    told = {**environment, "PYTHONPATH": f"{root}:{environment['PYTHONPATH']}"}
    process = await processes.start(command, told, root)
    output, _ = await process.communicate()
    text = output.decode(errors="replace").strip()
    if process.returncode or not text:
        raise MachineError(f"The demo key could not be made: {text}")
    return text


def _is_on_this_machine(there: Store) -> bool:
    return urlsplit(there.endpoint).hostname in ("127.0.0.1", "localhost", "::1")
