"""The compiled module (cffi, API mode): its functions and types are declared in C."""

from typing import Any

ffi: Any
lib: Any
