"""Puts a base's weights into a running engine: from host memory where they are held, else from
disk, and reads ahead what comes next."""

import contextlib
import copy
import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from experts.engines.captured import Captured, detach
from experts.engines.families import Family
from experts.engines.reading import Read, Reader, Tensors, bytes_on_disk
from experts.engines.shelf import Shelf
from experts.engines.weights import Shapes, difference, shapes, weight_files

logger = logging.getLogger(__name__)

Source = Literal["held", "read ahead", "disk"]


class SwapFailed(Exception):  # noqa: N818 - named for the state it reports
    """The new weights could not be loaded; the old ones are resident and working."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Weights that were put into an engine."""

    base: str
    source: Source
    size: int  # bytes; 0 where the files were not counted
    seconds: float  # the engine stood still for
    read_seconds: float = 0.0  # the disk took, most of it while the engine generated


class Weights:
    """What an engine's model is made of. Owned by the engine's thread.

    An exception other than `SwapFailed` means that no weights are whole.
    """

    def __init__(
        self,
        llm: Any,
        family: Family,
        resident: str,
        host_bytes: int,
        files: Callable[[str], Tensors] | None = None,
    ) -> None:
        """Begins with `resident` in the engine. `files` reads a base's; none: the engine's way."""
        self._llm = llm
        self._on_cpu = not family.gpus
        self.resident = resident
        self._coming: tuple[str, ...] = ()
        self._spared: set[str] = set()  # read in vain: everything held is needed sooner
        self._shapes = _shapes(resident)
        # The workers of a tensor-parallel engine are processes of their own, which read the files
        # themselves: there the host's page cache is all the memory that helps.
        self._reachable = family.tensor_parallel == 1
        capacity = host_bytes if self._reachable else 0
        self._shelf: Shelf[Captured | Read] = Shelf(capacity)
        self._model = llm.apply_model(_itself)[0] if self._reachable else None
        self._reader = Reader(files or self._files, _copied if self._on_cpu else _pinned, capacity)
        self._hold(resident, bytes_on_disk(resident))

    @property
    def held(self) -> frozenset[str]:
        """Bases that need no disk."""
        return self._shelf.held

    @property
    def held_bytes(self) -> int:
        return self._shelf.used

    def expect(self, bases: Sequence[str]) -> None:
        """Reads ahead, given the bases that come next, soonest first. Cheap to call again."""
        coming = tuple(bases)
        if coming != self._coming:
            self._coming = coming
            self._spared.clear()
        self._keep_what_was_read()
        wanted = [base for base in coming if base not in self.held | self._spared]
        if not self._shelf.capacity:
            if wanted:
                _warm_page_cache(wanted[0])
                self._spared.add(wanted[0])
        elif self._reader.base not in wanted:
            self._reader.expect(wanted[0] if wanted else None)

    def ready(self, base: str) -> bool:
        """Whether a swap would wait for no disk, as far as reading ahead can see to that."""
        known = base in self.held or base in self._spared or base == self._reader.ready()
        return known or not self._shelf.capacity

    def load(self, base: str) -> Swap:
        """Makes `base` resident, or raises `SwapFailed` and leaves everything as it was."""
        started = time.perf_counter()
        self._keep_what_was_read()
        try:
            swap = self._loaded(base)
        except SwapFailed:
            raise
        except Exception as error:  # whatever the loader raises
            self._roll_back()
            raise SwapFailed(f"the weights of {base} cannot be loaded: {error}") from error
        self.resident = base
        self._llm.reset_prefix_cache()
        return Swap(base, swap.source, swap.size, time.perf_counter() - started, swap.read_seconds)

    def close(self) -> None:
        self._reader.close()

    def _roll_back(self) -> None:
        """Puts the old weights back. What this raises ends the process: no weights are whole."""
        try:
            # vLLM stands in the middle of a load, and would mix what it got with the next.
            self._llm.apply_model(partial(_settled, self._llm.model_config))
            self._loaded(self.resident)
        except SwapFailed as error:
            raise RuntimeError(f"nor can the old weights be put back: {error}") from error

    def _loaded(self, base: str) -> Swap:
        match self._shelf.get(base):
            case Captured() as captured:
                captured.restore()
                return Swap(base, "held", 0, 0.0)
            case Read() as read:
                self._fill(base, read)
                return Swap(base, "held", read.size, 0.0, read.seconds)
        self._check_fits(base)
        ahead = self._reader.base == base
        self._reader.expect(base if self._shelf.capacity else None)
        read_now = self._reader.take(base)
        self._fill(base, read_now)
        source: Source = "read ahead" if ahead and read_now else "disk"
        if read_now is None:
            return Swap(base, source, bytes_on_disk(base), 0.0)
        return Swap(base, source, read_now.size, 0.0, read_now.seconds)

    def _fill(self, base: str, read: Read | None) -> None:
        """Loads weights as their files hold them; without `read` the engine reads the files."""
        if self._on_cpu and self._shelf.held:
            detach(self._model)
        how = {"weights_path": base} if read is None else {"weights_iterator": iter(read.tensors)}
        self._llm.collective_rpc("reload_weights", kwargs=how)
        if self._on_cpu:
            self._llm.apply_model(_repack_head)
        if self._on_cpu:
            self._hold(base, read.size if read else bytes_on_disk(base))
        elif read is not None:
            # How long the disk took is told once, not each time that these are swapped in.
            self._shelf.put(base, replace(read, seconds=0.0), read.size, self._coming)

    def _hold(self, base: str, size: int) -> None:
        if self._on_cpu and self._reachable and self._shelf.capacity:
            self._shelf.put(base, Captured.of(self._model), size, self._coming)

    def _keep_what_was_read(self) -> None:
        base = self._reader.ready()
        if base is None:
            return
        try:
            read = self._reader.take(base)
        except Exception as error:  # noqa: BLE001 - told when the base is loaded, which reads again
            logger.warning("%s", error, extra={"action": "read_ahead_failed", "base": base})
            read = None
        if read is None or not self._shelf.put(base, read, read.size, self._coming):
            self._spared.add(base)

    def _files(self, base: str) -> Tensors:
        """The tensors of a base's files, by the loader that the engine itself uses."""
        from vllm.model_executor.model_loader import get_model_loader

        config = copy.copy(self._llm.vllm_config.model_config)
        config.model, config.model_weights, config.revision = base, "", None
        loader = get_model_loader(self._llm.vllm_config.load_config)
        tensors: Tensors = loader.get_all_weights(config, self._model)
        return tensors

    def _check_fits(self, base: str) -> None:
        """vLLM only warns when tensors are missing, and would go on with a mixed model."""
        theirs = _shapes(base)
        if self._shapes is None or theirs is None:
            return
        wrong = difference(self._shapes, theirs)
        if wrong is not None:
            raise SwapFailed(f"the weights of {base} do not fit the engine: {wrong}")


def _shapes(base: str) -> Shapes | None:
    try:
        return shapes(Path(base))
    except ValueError as error:
        raise SwapFailed(f"the weights of {base} cannot be loaded: {error}") from error


def _warm_page_cache(base: str) -> None:
    """Asks the system to read the files; whoever loads them then waits for no disk."""
    for path in weight_files(Path(base)):
        with contextlib.suppress(OSError), path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def _itself(model: Any) -> Any:
    return model


def _settled(config: Any, model: Any) -> None:
    from vllm.model_executor.model_loader.reload import finalize_layerwise_reload

    finalize_layerwise_reload(model, config)


def _copied(tensor: Any) -> Any:
    return tensor.clone()


def _pinned(tensor: Any) -> Any:
    return tensor.pin_memory()


def _repack_head(model: Any) -> None:
    """On CPU the output head multiplies by a packed copy of its weights. Where it is tied to the
    embeddings, a reload renews these and leaves the copy as it was: the old model's."""
    head = getattr(model, "lm_head", None)
    if head is not None and hasattr(head, "cpu_linear"):
        head.quant_method.process_weights_after_loading(head)
