"""What is measured: the upstream itself, and gateways in front of it, each a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter, sleep

import httpx
import psutil

ROOT = Path(__file__).parents[2]
LITELLM = "1.106.2"  # of newer releases the proxy needs packages that PyPI does not have
PYTHON = sys.executable
CONVENE = [PYTHON, "-c", "from api.cli import main; main()"]
UNGUARDED = {  # LiteLLM without a key, and without a look at the price list on the internet
    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
}
TAIL = 2000  # characters of a log that are shown
STARTS = 120.0  # seconds a gateway may take to start
MODELS = {"instant": "0/0", "slow": "50/0", "paced": "0/10"}
LIMITS = ("--requests", "900000000/day", "--tokens", "900000000000/day")
LIMITED = (*LIMITS, "--dollars", "900000/month", "--concurrent", "100000")


@dataclass(slots=True)
class Target:
    """Something that takes requests. `process` is None for the upstream: its cost is not ours."""

    name: str
    port: int
    process: psutil.Process | None = None
    path: str = "/v1/chat/completions"
    key: str = ""
    starts: float = 0.0  # seconds from its start to its first answer
    ways: bool = False  # whether the path, not the model, says how slow the upstream is
    panels: bool = False  # whether it asks panels

    def pause(self) -> None:
        """Whoever is not measured takes no time from who is."""
        for process in self._tree():
            process.suspend()

    def resume(self) -> None:
        for process in self._tree():
            process.resume()

    @property
    def running(self) -> bool:
        return self.process is None or self.process.status() != psutil.STATUS_ZOMBIE

    @property
    def cpu(self) -> float:
        """Seconds that its processes have computed; Redis is none of them."""
        return sum(sum(process.cpu_times()[:2]) for process in self._tree())

    @property
    def peak(self) -> float:
        """Most memory that the process had resident, in MB; without its Redis."""
        if self.process is None:
            return 0.0
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) / 1e3

    def _tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)] if self.process else []


class Bench:
    """Starts what is measured, and stops it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self.upstream = free_port()
        self._started("upstream", [PYTHON, "-m", "benchmarks.gateway.upstream", str(self.upstream)])
        self._upstream = f"http://127.0.0.1:{self.upstream}"
        _awaited(self.upstream)

    def direct(self) -> Target:
        return Target("direct", self.upstream, ways=True)

    def forwarder(self) -> Target:
        target = Target("forwarder", free_port(), panels=True)
        command = [PYTHON, "-m", "uvicorn", "benchmarks.gateway.forwarder:app"]
        command += ["--no-access-log", "--no-proxy-headers", "--log-level", "warning"]
        return self._gateway(target, command, {"UPSTREAM": self._upstream})

    def litellm(self) -> Target:
        target = Target("LiteLLM", free_port())
        file = self._folder / "litellm.yaml"
        file.write_text(litellm_config(self._upstream), encoding="utf-8")
        command = [str(litellm()), "--config", str(file), "--num_workers", "1"]
        return self._gateway(target, [*command, "--host", "127.0.0.1"], UNGUARDED)

    def convene(self, name: str = "Convene", *, keys: bool = False) -> Target:
        folder = self._folder / name.replace(" ", "-").replace(",", "")
        folder.mkdir()
        file = folder / "convene.yaml"
        file.write_text(convene_config(self._upstream, folder), encoding="utf-8")
        target = Target(name, free_port(), panels=True)
        target.key = self._key(file) if keys else ""
        command = [*CONVENE, "serve", "--config", str(file), "--log-level", "warning"]
        return self._gateway(target, command)

    def _key(self, file: Path) -> str:
        """An admin's, who may read metrics too."""
        command = [*CONVENE, "keys", "create", "bench", "--role", "admin", *LIMITED]
        made = subprocess.run(
            [*command, "--config", str(file)], cwd=ROOT, check=True, capture_output=True, text=True
        )
        return made.stdout.strip()

    def _gateway(
        self, target: Target, command: list[str], environ: dict[str, str] | None = None
    ) -> Target:
        began = perf_counter()
        command = [*command, "--port", str(target.port)]
        target.process = self._started(target.name, command, environ)
        try:
            _answering(target)
        except TimeoutError as error:
            said = (self._folder / f"{target.name}.log").read_text(errors="replace")[-TAIL:]
            raise TimeoutError(f"{error}; its log ends:\n{said}") from error
        target.starts = perf_counter() - began
        target.pause()
        return target

    def _started(
        self, name: str, command: list[str], environ: dict[str, str] | None = None
    ) -> psutil.Process:
        log = self._stack.enter_context((self._folder / f"{name}.log").open("wb"))
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "CONVENE_CONFIG": "", **(environ or {})},
            stdout=log,
            stderr=log,
        )
        self._stack.callback(_stopped, process)
        return psutil.Process(process.pid)


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    """Everything that was started is stopped again."""
    with ExitStack() as stack:
        yield Bench(folder, stack)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
    return port


def litellm() -> Path:
    """LiteLLM's command, in an environment that is made the first time: it wants other versions of
    the libraries that are here."""
    folder = ROOT / "build" / "litellm" / LITELLM
    if not (folder / "installed").exists():
        subprocess.run([PYTHON, "-m", "venv", str(folder)], check=True)
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "-q",
            f"litellm[proxy]=={LITELLM}",
        ]
        subprocess.run(pip, check=True)
        (folder / "installed").touch()
    return folder / "bin" / "litellm"


def litellm_config(upstream: str) -> str:
    """Its quickest way to such a server, without retries, cache, callbacks or database."""
    models = "".join(
        f"  - model_name: {name}\n    litellm_params: {{model: hosted_vllm/{name}, "
        f"api_base: {upstream}/{way}/v1, api_key: none}}\n"
        for name, way in MODELS.items()
    )
    return (
        f"model_list:\n{models}"
        "litellm_settings: {num_retries: 0, cache: false, telemetry: false}\n"
        "router_settings: {num_retries: 0, disable_cooldowns: true}\n"
    )


def convene_config(upstream: str, folder: Path) -> str:
    """Of experts that are believed equal the first by name are asked: those that disagree."""
    ways = {"ada": "0/0/41", "bob": "0/0/42", "eve": "0/0/43", **MODELS, "writer": "0/0/42"}
    experts = "".join(
        f"  {name}: {{kind: hosted, model: {name}, base_url: {upstream}/{way}/v1, "
        "api_key: none, concurrency: 5000, price: {input: 1.0, output: 2.0}}\n"
        for name, way in ways.items()
    )
    return f"experts:\n{experts}aggregator: writer\nservice: {{data: {folder / 'data'}}}\n"


def _awaited(port: int) -> None:
    until = monotonic() + STARTS
    while monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        sleep(0.02)
    raise TimeoutError(f"nobody listens on port {port} after {STARTS:g} s")


def _answering(target: Target) -> None:
    """Until the first answer."""
    until, last = monotonic() + STARTS, ""
    body = {"model": "instant", "messages": [{"role": "user", "content": "6 x 7?"}]}
    headers = {"authorization": f"Bearer {target.key}"} if target.key else {}
    url = f"http://127.0.0.1:{target.port}{target.path}"
    while monotonic() < until and target.running:
        try:
            found = httpx.post(url, json=body, headers=headers, timeout=10)
            if found.status_code == 200:
                return
            last = f"HTTP {found.status_code} {found.text[:200]}"
        except httpx.TransportError as error:
            last = repr(error)
        sleep(0.05)
    raise TimeoutError(f"{target.name} does not answer: {last}")


def _stopped(process: subprocess.Popen[bytes]) -> None:
    """Politely, and then not."""
    for each in [
        psutil.Process(process.pid),
        *psutil.Process(process.pid).children(recursive=True),
    ]:
        each.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
