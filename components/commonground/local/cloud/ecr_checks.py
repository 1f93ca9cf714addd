"""What botocore's model of ECR says of a parameter: the server refuses what a client lets pass."""

import re
from typing import Any

from moto.core.utils import get_service_model

from .support import refuse


def constrained(responder: Any, operation: str, name: str) -> Any:
    """A text parameter of a call; refused if its length or form is not the model's. None where it is not given."""
    value = responder._get_param(name)  # as every response of moto reads its parameters
    shape = get_service_model("ecr").operation_model(operation).input_shape.members[name]
    if value is None:
        return None
    least, most, pattern = (shape.metadata.get(key) for key in ("min", "max", "pattern"))
    if (least and len(value) < least) or (most and len(value) > most):
        refuse("InvalidParameterException", f"Invalid parameter at '{name}' failed to satisfy constraint: member must have length between {least} and {most}")
    if pattern and not re.fullmatch(pattern, value):
        refuse("InvalidParameterException", f"Invalid parameter at '{name}' failed to satisfy constraint: member must satisfy the pattern {pattern}")
    return value
