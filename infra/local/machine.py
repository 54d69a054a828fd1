"""The local machine whole: store, tables, workers and front, started in this order and stopped in the other."""

import asyncio
import contextlib
import fcntl
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import uvicorn

from infra.local import processes, store, template
from infra.local.connection import Connection
from infra.local.front import Front
from infra.local.gateway import Gateway, Limits
from infra.local.log import Log
from infra.local.store import Store
from infra.local.template import Function, Template
from infra.local.workers import Pool

CODE: Final = ("functions", "layers/portrait")
"""What Lambda puts on the import path: a function's CodeUri and its layer."""

REGION: Final = template.PSEUDO_PARAMETERS["AWS::Region"]
STOP_WITHIN_S: Final = 5
"""How long calls in flight may take to finish when the machine is told to stop."""


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
    plan = template.read(options.root / "template.yaml", {})
    with _alone(options.data), listening(options.port) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with _store(options) as there:
            await asyncio.to_thread(_make_tables, there, plan, options)
            environment = _environment(options, there)
            functions = {name: _here(function, options) for name, function in plan.functions.items()}
            pools = {
                name: Pool(function, _workers(function, options), environment, options.root, log.write)
                for name, function in functions.items()
            }
            limits = Limits.of_aws() if options.aws_limits else Limits()
            front = Front(Gateway(plan.routes, plan.responses), pools, limits, log.tell)
            async with working(pools.values()), serving(front, listener):
                await asyncio.to_thread(_check_health, url)
                yield Machine(url, there, pools, await _demo_key(options, there, functions, environment))


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


@contextlib.contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """A port that is ours from now on; connections wait until the front serves them."""
    # asyncio sends small packets without delay only where TCP is named: an answer would else take 40 ms longer.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(256)
        except OSError as error:
            raise MachineError(f"Port {port} is taken: PORT={port + 1} make run uses another.") from error
        yield listener


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


def _make_tables(there: Store, plan: Template, options: Options) -> None:
    dynamodb = store.client(there.endpoint, there.credentials, REGION)
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


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: this machine has more to stop than the front."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(front: Front, listener: socket.socket) -> AsyncIterator[None]:
    """The front on a socket that listens already. On the way out calls in flight get 5 s to finish."""
    config = uvicorn.Config(
        front,
        http=Connection,
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


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
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",  # there is none here, and asking takes seconds
        "DYNAMODB_ENDPOINT": there.endpoint,
        **there.credentials,
    }


def _here(function: Function, options: Options) -> Function:
    """The template's function, with the one variable that is different where nothing bounds an answer."""
    if options.aws_limits or "ANSWER_BYTES" not in function.environment:
        return function
    return replace(function, environment={**function.environment, "ANSWER_BYTES": "0"})


async def _demo_key(
    options: Options, there: Store, functions: Mapping[str, Function], environment: Mapping[str, str]
) -> str:
    """Ask the operator's command for the demo account's key. Raises MachineError with what it said."""
    if not _is_on_this_machine(there):
        return ""
    tables = {name: text for function in functions.values() for name, text in function.environment.items()}
    arguments = ("demo-key", "--file", str(options.data / "demo.key"))
    said = await _operator(arguments, options.root, {**environment, **tables})
    return said.split()[-1]


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
