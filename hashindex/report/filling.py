"""Filling a page: its parts from this package, with a title and data that cannot become markup."""

import base64
import hashlib
import html
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files

from hashindex.report.place import MARK
from hashindex.uris import printable


def filled(
    title: str, data: object, *, body: str, styles: Sequence[str], scripts: Sequence[str]
) -> Iterable[str]:
    """Yield the parts of a page; its policy names style and script by their digests (W3C CSP, level 3).

    `body`, `styles` and `scripts` name files of the folder `page`; the scripts make one, in their order.
    """
    style = "".join(_part(f"{name}.css") for name in styles)
    script = '"use strict";\n(() => {\n' + "\n".join(_part(f"{name}.js") for name in scripts) + "})();\n"
    texts = {
        "TITLE": html.escape(printable(title)),
        "POLICY": (
            "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data: 'self' file:; "
            f"style-src {_source(style)}; script-src {_source(script)}; require-trusted-types-for 'script'"
        ),
        "STYLE": style,
        "DATA": harmless_json(data),
        "SCRIPT": script,
    }
    yield MARK + "\n"
    for number, part in enumerate(_part("frame.html").replace("@@BODY@@", _part(f"{body}.html")).split("@@")):
        yield texts[part] if number % 2 else part


def harmless_json(value: object) -> str:
    """Return JSON that cannot end the element it stands in: plain ASCII without `<`, `>` and `&`.

    With ASCII alone, U+2028 and halves of UTF-16 pairs are escapes too (WHATWG HTML, "Restrictions for
    contents of script elements").
    """
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _part(name: str) -> str:
    return (files("hashindex.report") / "page" / name).read_text(encoding="utf-8")
