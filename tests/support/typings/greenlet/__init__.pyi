# What we use of greenlet, which ships no types.
from collections.abc import Callable

class greenlet:  # noqa: N801
    parent: greenlet
    dead: bool

    def __init__(self, run: Callable[..., object] | None = ..., parent: greenlet | None = ...) -> None: ...
    def switch(self, *args: object) -> object: ...

def getcurrent() -> greenlet: ...
