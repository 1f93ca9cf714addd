"""Text of others in Markdown: nothing of it becomes markup, a link, a mention or a reference, on GitHub and on GitLab.

Every `<` in what is made here begins a tag of ours.
"""

import html
import re

from commonground.preview.forms.text import cut, left_out, plain

QUOTED = re.compile(r"`([^`]+)`")
# A word that Markdown or a forge would make something of: markup, a link, `@name`, `#1`, `!1`, `%v1`, `&1`, `GH-1`, an emoji's `:name:`.
SPECIAL = re.compile(r"""[^\w\s.,;:()'"/=+?%<>&→—…-]|_|[%&]\w|:\w+:|://|www\.|GH-\d""", re.IGNORECASE)
# What would begin a list or a rule where a line begins.
BULLET = re.compile(r"[-+=]+|\d+[.)]")
WORD = re.compile(r"(?P<inner>.*?)(?P<stop>[.,;:]*)")
LINK = re.compile(r"https://[\w./:?=&%~+-]+", re.ASCII)
EMPTY = "(empty)"


def code(text: str) -> str:
    """A text as code."""
    shown = plain(text) or EMPTY
    if "<" in shown:
        # Markdown reads on in an inline tag of HTML: by their numbers, characters are nothing but themselves.
        return f"<code>{re.sub('[^A-Za-z0-9 ]', lambda found: f'&#{ord(found[0])};', shown)}</code>"
    fence = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def cell(text: str) -> str:
    """A text as code in a table, where a bar would end the cell."""
    return code(text).replace("|", r"\|")


def tag(text: str) -> str:
    """A text as code in HTML, where neither Markdown nor a forge looks for anything. It closes no tag and opens none."""
    return f"<code>{html.escape(plain(text) or EMPTY)}</code>"


def prose(text: str, limit: int) -> str:
    """A sentence as Markdown that says just this: what it quotes and what would be more than words is code."""
    said = " ".join(text[:limit].split())
    parts = QUOTED.split(said)  # words and what is quoted take turns
    words = [code(part) if index % 2 else _words(part, first=not index) for index, part in enumerate(parts) if part]
    return ("".join(words) or code("")) + (f" {left_out(len(text) - limit)}" if len(text) > limit else "")


def diff(lines: list[str]) -> str:
    """Lines as a block of code. Each begins with its sign, so that none closes the block."""
    if any("<" in line for line in lines):
        return "\n".join(['<pre lang="diff">', *(html.escape(line) for line in lines), "</pre>"])
    return "\n".join(["```diff", *lines, "```"])


def link(words: str, target: str) -> str:
    """A pointer: a link where the target is an address, else its name as code after the words."""
    shown = target.strip()
    if len(shown) <= 500 and LINK.fullmatch(shown):
        return f"[{words}]({shown})"
    return f"{words}: {code(cut(shown, 200))}"


def _words(said: str, *, first: bool) -> str:
    made = [_word(word, first=first and not index) for index, word in enumerate(said.split())]
    return (" " if said[0] == " " else "") + " ".join(made) + (" " if made and said[-1] == " " else "")


def _word(word: str, *, first: bool) -> str:
    if word == "->" and not first:
        return word
    if first and BULLET.fullmatch(word):
        return code(word)
    if not SPECIAL.search(plain(word)):
        return html.escape(plain(word), quote=False)
    found = WORD.fullmatch(word)
    return f"{code(found['inner'])}{found['stop']}" if found and found["inner"] else code(word)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
