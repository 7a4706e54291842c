#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Checks the links of HTML or Markdown: each leads to a file, and to an anchor.

    doc/site/check-links.py build/site    the pages of a built site
    doc/site/check-links.py               the Markdown of the project, and that
                                          what doc/build.sh would miss is listed

Links to other hosts are not followed.
"""

import html
import html.parser
import pathlib
import re
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.anchors = set()
        self.links = []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.anchors.add(value)
            if name in ("href", "src") and value:
                self.links.append(value)


def read_html(path):
    page = Page()
    page.feed(path.read_text())
    return page.links, page.anchors


def slug(title):
    """The anchor of a heading, as the usual renderers make it."""
    title = re.sub(r"\[([^\]]*)\]\([^)]*\)|`([^`]*)`", r"\1\2", title)
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def read_markdown(path):
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
    anchors = {slug(t) for t in re.findall(r"^#+ (.*)$", text, re.M)}
    text = re.sub(r"`[^`\n]*`", "`", text)
    links = re.findall(r"\]\(([^()\s]+)\)|^\[[^\]\n]*\]: (\S+)$", text,
                       flags=re.M)
    links = [a or b for a, b in links]
    return links, anchors


def check(root, pages, read, index):
    problems = []
    links_checked = 0
    known = {p: read(p) for p in pages}
    for path, (links, anchors) in known.items():
        for link in links:
            if re.match(r"[a-z]+:|//", link):
                continue
            links_checked += 1
            target, _, anchor = link.partition("#")
            target = urllib.parse.unquote(target.partition("?")[0])
            anchor = urllib.parse.unquote(anchor)
            if not target:
                to = path
            elif target.startswith("/"):
                to = root / target.lstrip("/")
            else:
                to = path.parent / target
            to = to.resolve()
            if index and to.is_dir():
                to /= "index.html"
            if not to.exists():
                problems.append(f"{path.relative_to(root)}: {link}: no file")
            elif anchor and to in known and anchor not in known[to][1]:
                problems.append(f"{path.relative_to(root)}: {link}: no anchor")
    return problems, links_checked


def unlisted(root):
    """Public headers without a row in the reference, pages in no side bar."""
    table = (root / "doc/reference/README.md").read_text()
    bars = (root / "doc/site/stage.py").read_text()
    include = root / "include"
    headers = [*include.glob("asioctx/*.hpp"),
               *include.glob("asioctx/testing/*.hpp")]
    for header in sorted(headers):
        name = header.relative_to(include).as_posix()
        # The sources, and no names.
        if name != "asioctx/src.hpp" and f"include/{name})" not in table:
            yield f"doc/reference/README.md has no row for {name}"
    for directory in "guide", "reference":
        for page in sorted(root.glob(f"doc/{directory}/*.md")):
            name = page.relative_to(root).as_posix()
            if page.name != "README.md" and f'"{name}"' not in bars:
                yield f"doc/site/stage.py has no place for {name}"


def main():
    if len(sys.argv) == 2:
        root = pathlib.Path(sys.argv[1]).resolve()
        pages = sorted(p.resolve() for p in root.rglob("*.html"))
        problems, links = check(root, pages, read_html, True)
    else:
        root = pathlib.Path(__file__).resolve().parent.parent.parent
        pages = [*root.glob("*.md"), *root.glob("doc/**/*.md"),
                 *root.glob("tools/tidy/doc/*.md"), *root.glob("packaging/*.md")]
        pages = [p for p in pages if "site" not in p.parts[len(root.parts):]]
        problems, links = check(root, pages, read_markdown, False)
        problems += unlisted(root)
    if not links:
        problems.append("there is nothing to check")
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    print(f"{len(pages)} pages, {links} links, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
