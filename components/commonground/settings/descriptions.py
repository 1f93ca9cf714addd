"""What a setting is for, in the words under it in its model.

Pydantic would read them for every model that is imported, from all sources, in every run; only the schema and a message about a mistake need them.
"""

import ast
import inspect
from dataclasses import is_dataclass
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


def description(kind: type, name: str) -> str:
    """The docstring of a model's or a dataclass's field, on one line; nothing where it has none."""
    return next((texts[name] for owner in kind.__mro__ if (texts := _docstrings(owner)).get(name)), "")


@cache
def _docstrings(kind: type) -> dict[str, str]:
    if kind is BaseModel or not (is_dataclass(kind) or issubclass(kind, BaseModel)):
        return {}
    # `cleandoc` for a class that is inside something.
    body = ast.parse(inspect.cleandoc("\n" + inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairwise(body.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }
