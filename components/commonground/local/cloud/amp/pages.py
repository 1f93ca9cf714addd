"""Lists in pages, as AMP gives them."""

from functools import partial

from .. import pages
from .errors import Invalid

page = partial(pages.page, refusal=Invalid)
