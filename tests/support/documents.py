"""Pages as their tags and words, and texts of others that try to be more than words."""

from __future__ import annotations

from html.parser import HTMLParser

HOSTILE = {
    "a script": "<script>alert('x')</script>",
    "an image": "<img src=x onerror=alert(1)>",
    "an end tag": "</table></details></main><h1>All is well</h1>",
    "an attribute": "\" onmouseover='alert(1)' x=\"",
    "an entity": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "a link": "[Download the fix](https://evil.example/fix.exe)",
    "a picture": "![](https://evil.example/track.png)",
    "code": "`x` ```",
    "a table": "| a | b |",
    "lines": "x\n\n# All is well\n\n- [ ] x\n",
    "a template": "{{ 7 * 191 }}{% raw %}{port}",
    "control characters": "\x1b[2J\x1b]8;;https://evil.example\x07x\0\x08",
    "a change of direction": "\u202egpj.exe\u2066\u200e",
    "half a character": "\udc80",
}


class Document(HTMLParser):
    """The tags and attributes of a page, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag + "".join(f" {name}={value}" for name, value in attrs))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_nothing_steers(text: str) -> None:
    unwanted = {"\x1b", "\0", "\x07", "\x08", "\u202e", "\u2066", "\u200e", "\udc80"}
    assert not unwanted & set(text)
    text.encode("utf-8")
