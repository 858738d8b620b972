"""Tasks with known answers: seeded sources whose entropy or best accuracy is exact."""

from .arithmetic import Addition, Counting
from .copying import Copy
from .dyck import Dyck
from .examples import Exact, Examples, Task
from .grammar import Grammar
from .retrieval import Needle, Recall
from .sources import Induction, MarkovSource

TASKS: dict[str, Task] = {
    "markov": MarkovSource.random(8),
    "grammar": Grammar(),
    "addition": Addition(),
    "addition-reversed": Addition(reverse=True),
    "copy": Copy(),
    "reversal": Copy(reverse=True),
    "recall": Recall(),
    "induction": Induction(),
    "dyck": Dyck(),
    "needle": Needle(),
    "counting": Counting(),
}

__all__ = [
    "TASKS",
    "Addition",
    "Copy",
    "Counting",
    "Dyck",
    "Exact",
    "Examples",
    "Grammar",
    "Induction",
    "MarkovSource",
    "Needle",
    "Recall",
    "Task",
]
