"""A file that is replaced as a whole: after a power cut or a kill it is the old one or the new one."""

import os
from pathlib import Path

from gateway.drivers.state_directory import StateError


def replace_file(path: Path, content: str | bytes) -> None:
    """Write ``content`` (text as UTF-8) into a draft for its owner only, bring it to the disk, and put it in
    the place of ``path``. Makes the directory. Raises `StateError`.
    """
    draft = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}; choose another place with --state") from None
