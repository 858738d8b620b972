"""What can go wrong that a user can act on: what happened, and what to do next."""


class CutawayError(Exception):
    """A sentence that says what happened, a line that says what to do next, and an exit code."""

    code = 1

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step


class CheckFailed(CutawayError):
    """Something that was measured or checked did not hold."""

    code = 1


class UsageError(CutawayError):
    """The request itself is wrong: a name, an option, an edit."""

    code = 2


class Unavailable(CutawayError):
    """The machine lacks something: disk, memory, permission, a package."""

    code = 3


class Refused(CutawayError):
    """A file is not what it claims to be, and is not used."""

    code = 4
