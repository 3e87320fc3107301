"""The one Numba policy: which options kernels have, where machine code is cached, when it is compiled.

* `@kernel` marks a function that other kernels call. It is compiled as part of its callers and never cached alone.
* `@entry(signature)` marks a function that Python calls. `compile_all()` compiles or loads each for its one
  signature at start-up; afterwards it accepts no other types, so nothing compiles on a ping.
* The cache directory is named by a hash over every kernel source, Numba, llvmlite, NumPy's dtypes of model/ and the
  CPU. Numba itself looks only at the file of the cached function: with a fixed directory a changed callee in another
  file keeps running its old machine code (architecture 7; tests/kernels/test_compile.py edits a callee).
* Entries hold the GIL: the loop thread calls them inside sections of the engine's lock (engine/locking.py), and whoever
  lets go of the GIL there may wait for it behind others while native workers wait for the lock. Those that work on
  snapshots of their own in another thread (`in_threads`) release it.
* `@native_entry` marks a function that native threads call by its address.
* No reference counts (`_nrt=False`) and forced inlining. Every array that is passed to a function otherwise costs an
  atomic increment and decrement, and kernels pass some forty. Measured on 1,000 rows outside all fences, ns a ping
  in `decide_rows` / `locate_batch`: plain njit 569 / 70; forceinline 351 / 16; _nrt=False 64 / 21; both 23 / 16.
* No fastmath: decisions must not depend on the machine. error_model='numpy': kernels never raise.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast

import llvmlite
import numba
from llvmlite import binding as llvm

P = ParamSpec("P")
R = TypeVar("R")


class CompileReport(NamedTuple):
    """What `compile_all` did."""

    entry_count: int
    cached_count: int
    seconds: float


class _Entry(NamedTuple):
    dispatcher: Any
    signature: Callable[[], Any]


class NativeEntry:
    """A C function made of a kernel; every argument and the result are int64."""

    def __init__(self, function: Callable[..., int], signature: Any) -> None:
        self.py_func = function
        self.is_cached = False
        """Whether `compile` found it compiled."""
        self._signature = signature
        self._compiled: Any = None

    def compile(self) -> None:
        """Compile or load it; again is free. The entries it calls by address need not be compiled yet."""
        if self._compiled is None:
            self._compiled = numba.cfunc(self._signature, cache=True, **_OPTIONS)(self.py_func)
            self.is_cached = bool(self._compiled.cache_hits)

    @property
    def is_compiled(self) -> bool:
        return self._compiled is not None

    @property
    def address(self) -> int:
        """Where it begins; good while this object lives."""
        self.compile()
        return int(self._compiled.address)


_entries: list[_Entry] = []
_native_entries: list[NativeEntry] = []
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False}


def source_digest(package_root: Path) -> str:
    """Hash over the kernel and model sources below `package_root` and over everything that shapes machine code."""
    digest = hashlib.blake2b(digest_size=12)
    for room in ("kernels", "model"):
        for path in sorted((package_root / room).glob("*.py")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    versions = (numba.__version__, llvmlite.__version__, llvm.get_host_cpu_name(), _host_features())
    digest.update(repr(versions).encode())
    return digest.hexdigest()


def _host_features() -> str:
    return str(llvm.get_host_cpu_features().flatten())


def cache_directory() -> Path:
    """Where machine code is kept: $GEOOFFER_CACHE_DIR or $XDG_CACHE_HOME/geooffer, then the source digest."""
    base = os.environ.get("GEOOFFER_CACHE_DIR")
    root = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "geooffer"
    return root / source_digest(Path(__file__).parent.parent)


numba.config.CACHE_DIR = str(cache_directory())  # type: ignore[attr-defined]


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` into its callers: forced inline, no reference counts. It must not allocate.

    `.py_func` is the uncompiled original, the debuggable oracle.
    """
    return cast("Callable[P, R]", numba.njit(forceinline=True, **_OPTIONS)(function))


def entry(
    signature: Callable[[], Any], *, allocates: bool = False, in_threads: bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Register a function for eager compilation; `signature()` returns its Numba signature, evaluated late.

    `allocates`: it creates arrays, so it needs Numba's runtime; never on the ping path. `in_threads`: it is called in
    threads beside the loop's, on tables nobody else changes, and lets go of the GIL meanwhile.
    """

    def register(function: Callable[P, R]) -> Callable[P, R]:
        dispatcher = numba.njit(cache=True, nogil=in_threads, **_OPTIONS | {"_nrt": allocates})(function)
        _entries.append(_Entry(dispatcher, signature))
        return cast("Callable[P, R]", dispatcher)

    return register


def native_entry(signature: Any) -> Callable[[Callable[..., int]], NativeEntry]:
    """Register a C function for eager compilation."""

    def register(function: Callable[..., int]) -> NativeEntry:
        made = NativeEntry(function, signature)
        _native_entries.append(made)
        return made

    return register


def signature_of(dispatcher: Any) -> Any:
    """The Numba signature of an entry."""
    return next(item.signature() for item in _entries if item.dispatcher is dispatcher)


def address_of(dispatcher: Any) -> int:
    """Where the machine code of an entry begins, for `kernels.pointers.call_of`; compiles or loads it if need be."""
    signature = signature_of(dispatcher)
    if not dispatcher.signatures:
        dispatcher.compile(signature)
        dispatcher.disable_compile()
    compiled = dispatcher.overloads[tuple(signature.args)]
    return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))


def compile_all(progress: Callable[[int, int, str], None] | None = None) -> CompileReport:
    """Compile or load every entry. `progress(done, total, name)` is called before each; calling twice is free."""
    import geooffer.kernels.entries  # noqa: F401  (registers every entry)

    return compile_imported(progress)


def compile_imported(progress: Callable[[int, int, str], None] | None = None) -> CompileReport:
    """`compile_all` of the entries of those modules alone that were imported: for commands that need a few of them."""
    started = perf_counter()
    cached = 0
    total = len(_entries) + len(_native_entries)
    for index, item in enumerate(_entries):
        if progress is not None:
            progress(index, total, item.dispatcher.py_func.__name__)
        if item.dispatcher.signatures:
            cached += 1
            continue
        item.dispatcher.compile(item.signature())
        cached += sum(item.dispatcher.stats.cache_hits.values())
        item.dispatcher.disable_compile()
    for index, native in enumerate(_native_entries, len(_entries)):
        if progress is not None:
            progress(index, total, native.py_func.__name__)
        was_compiled = native.is_compiled
        native.compile()
        cached += was_compiled or native.is_cached
    return CompileReport(total, cached, perf_counter() - started)
