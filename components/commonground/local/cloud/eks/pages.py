"""Lists in pages, as EKS gives them."""

from functools import partial

from .. import pages
from .errors import InvalidParameter

page = partial(pages.page, refusal=InvalidParameter)
