"""Calls that neither moto nor we know: refused at once by name. moto breaks on them, and an SDK then tries again and shows a page of HTML."""

from typing import Any

from moto.core.responses import ActionResult, BaseResponse

from .support import Refusal


def install() -> None:
    """Puts an answer in the place of moto's failure."""
    moto_answers = BaseResponse.call_action

    def answer(self: Any) -> Any:
        try:
            return moto_answers(self)
        except NotImplementedError:
            text = f"the local cloud does not know {self._get_action()} of {self.boto3_service_name}"
            return self.serialized(ActionResult(Refusal("UnknownOperationException", text)))

    BaseResponse.call_action = answer
