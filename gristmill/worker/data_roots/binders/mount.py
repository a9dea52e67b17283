"""Bind mounts, read-only, in a mount namespace of the worker's own (mount_namespaces(7)). Linux, CAP_SYS_ADMIN."""

import ctypes
import os
import sys
from pathlib import Path

from gristmill.worker.data_roots.binders.base import Binder, Bound, CannotBindError, Placing
from gristmill.worker.data_roots.listing import Listing

_CLONE_NEWNS = 0x00020000
_RDONLY, _NOSUID, _NODEV, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_DETACH, _NOFOLLOW = 2, 8
_CAP_SYS_ADMIN = 21


class MountBinder(Binder):
    """One mount, whatever its size; the kernel itself refuses every write, to root too.

    Nobody outside the worker and the processes that it starts sees the mount: whoever removes the attempt's folder
    meets an empty one, and the mount ends with the last of these processes. A kernel that is no child of the worker
    does not see the data either; so this is taken only where it was asked for.
    """

    method = "mount"
    _own_namespace = False

    def bind(self, listing: Listing, place: Path) -> Bound:
        if listing.whole is None or place.exists() or place.is_symlink():
            raise CannotBindError(f"{place} is not free, or the data is no single path")
        self._enter_namespace()
        placing = Placing(place)
        placing.folder(place.parent)
        if listing.is_file:
            place.touch()
            placing.places.add(place)
        else:
            placing.folder(place)
        try:
            _mount(listing.whole, place, _BIND)
            _mount(None, place, _BIND | _REMOUNT | _RDONLY | _NOSUID | _NODEV)
        except OSError as error:
            _unmount(place)
            placing.take_back()
            raise CannotBindError(f"no mount at {place}: {error.strerror}") from error
        return Bound(method=self.method, wholes=(place,), private=True, undo=lambda: _unmount(place))

    @classmethod
    def _enter_namespace(cls) -> None:
        """Once: from then on mounts of this process are its own."""
        if cls._own_namespace:
            return
        if not may_mount():
            raise CannotBindError("this process may not mount: it lacks CAP_SYS_ADMIN")
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNS) != 0:
            raise CannotBindError(f"no mount namespace: {os.strerror(ctypes.get_errno())}")
        try:
            _mount(None, Path("/"), _REC | _PRIVATE)  # or they would be seen by everybody else
        except OSError as error:
            raise CannotBindError(f"no mount namespace: {error.strerror}") from error
        cls._own_namespace = True


def may_mount() -> bool:
    """Whether this process holds the capability that mounting asks for (capabilities(7))."""
    if sys.platform != "linux":
        return False
    lines = Path("/proc/self/status").read_text().splitlines()
    held = next((line.split()[1] for line in lines if line.startswith("CapEff:")), "0")
    return bool(int(held, 16) >> _CAP_SYS_ADMIN & 1)


def _mount(source: Path | None, place: Path, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    origin = os.fsencode(source) if source else None
    if libc.mount(origin, os.fsencode(place), None, ctypes.c_ulong(flags), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _unmount(place: Path) -> None:
    """Also while a file of it is open; nothing where nothing is mounted."""
    ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(place), _DETACH | _NOFOLLOW)
