"""Turns Markdown into HTML for the pages. HTML in it stays text, except for the tags that fold a section."""

import html
import re
from collections.abc import Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_FOLDING: Final = re.compile(r"(</?(?:details|summary)>)")


class _Renderer(RendererHTML):
    """Writes HTML that stands in the text as text, except for the tags that fold."""

    def html_block(
        self,
        tokens: Sequence[Token],
        idx: int,
        options: OptionsDict,  # noqa: ARG002 - the renderer passes it by name
        env: EnvType,  # noqa: ARG002
    ) -> str:
        return _inert(tokens[idx].content)

    html_inline = html_block


_READER: Final = MarkdownIt("commonmark", renderer_cls=_Renderer).enable("table").disable("image")


def as_html(text: str) -> str:
    rendered: str = _READER.render(text)
    return rendered


def _inert(text: str) -> str:
    parts = _FOLDING.split(_COMMENT.sub("", text))
    return "".join(part if _FOLDING.fullmatch(part) else html.escape(part) for part in parts)
