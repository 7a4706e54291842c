#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Lays the pages of the site: those of doc/, the reference, the sources.

    doc/site/stage.py <Doxygen's XML> <directory for the pages>

A link to a file of the project becomes a link to its page: to the reference for
a public header, else to a page that shows the file.
"""

import json
import pathlib
import posixpath
import re
import shutil
import subprocess
import sys

import reference

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# title, page in the tree; the order of the side bars.
GUIDE = [
    ("Begin here", [
        "doc/guide/install.md", "doc/guide/getting-started.md",
        "doc/guide/from-go.md", "doc/guide/from-asio.md",
        "doc/guide/from-beast-task-group.md", "doc/guide/why-not.md"]),
    ("How to", [
        "doc/guide/three-ways-to-bind.md", "doc/guide/callbacks.md",
        "doc/guide/task-groups.md", "doc/guide/client.md",
        "doc/guide/clients.md",
        "doc/guide/budgets.md", "doc/guide/request-deadlines.md",
        "doc/guide/overload.md", "doc/guide/graceful-shutdown.md",
        "doc/guide/tracing.md", "doc/guide/current-context.md",
        "doc/guide/websocket.md", "doc/guide/blocking-work.md"]),
    ("When in doubt", [
        "doc/guide/rules.md", "doc/guide/threads.md",
        "doc/guide/lifetimes.md",
        "doc/reference/outstanding-work.md", "doc/reference/fork.md",
        "doc/guide/debugging-a-hang.md",
        "doc/guide/troubleshooting.md"]),
]
FACTS = [
    "doc/reference/operations.md", "doc/reference/boost-versions.md",
    "doc/reference/platforms.md",
    "doc/reference/outstanding-work.md", "doc/reference/go.md",
    "doc/reference/fork.md"]

# A heading, the target of links, a link or a picture, code.
TOKEN = re.compile(
    r"(?P<heading>^#.*$)"
    r"|(?P<label>^\[[^\]\n]*\]: )(?P<where>\S+)$"
    r"|(?P<text>!?\[(?:[^\[\]]|\[[^\]]*\])*\])\((?P<target>[^()\s]+)\)"
    r"|(?P<code>`[^`\n]+`)", re.M)
FENCE = re.compile(r"^( *```.*?^ *```)", re.M | re.S)


class Error(Exception):
    """A page cannot be laid."""


def no_html(text):
    """A page of the tree has no HTML: what looks like it stands for itself."""
    parts = re.split(r"(^ *```.*?^ *```|`[^`\n]*(?:\n[^`\n]+)*?`)", text,
                     flags=re.M | re.S)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"<(?=[a-zA-Z/])", "&lt;", parts[i])
    # VitePress takes what looks so at the begin of a line for a component.
    for i in range(1, len(parts), 2):
        if not parts[i].lstrip().startswith("```"):
            parts[i] = " ".join(parts[i].split())
    return "".join(parts)


class Site:
    def __init__(self, xml, out):
        self.out = out
        self.reference = reference.Reference(ROOT, xml)
        self.pages = {}     # file in the tree: address
        self.sources = {}   # file in the tree that is shown: address
        for path in [ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md",
                     *sorted(ROOT.glob("doc/**/*.md")),
                     *sorted(ROOT.glob("tools/tidy/doc/*.md"))]:
            name = path.relative_to(ROOT).as_posix()
            if name.startswith("doc/site/"):
                continue
            self.pages[name] = "/" + name.removeprefix("doc/") \
                .removesuffix("README.md").removesuffix(".md").lower()
        self.pages["README.md"] = "/"

    # Links.

    def address(self, page, target):
        """What a link of a page leads to, on the site."""
        if re.match(r"[a-z]+:", target) and not target.startswith("repo:"):
            return target
        if target.startswith(("#", "/")):
            return target
        target, _, anchor = target.partition("#")
        anchor = anchor and "#" + anchor
        if target.startswith("repo:"):
            file = target.removeprefix("repo:")
        else:
            file = posixpath.normpath(
                posixpath.join(posixpath.dirname(page), target))
        if file in self.pages:
            return self.pages[file] + anchor
        if file == "LICENSE":
            return self.source(file)
        if file == "examples":
            return "/examples/"
        if file.startswith("include/"):
            header = file.removeprefix("include/")
            if header not in self.reference.headers:
                raise Error(f"{page}: {file} is no public header")
            return f"/reference/api/{reference.page_of(header)}"
        if not (ROOT / file).exists():
            raise Error(f"{page}: there is no {file}")
        return self.source(file)

    def source(self, file):
        file = file.rstrip("/")
        where = "/source/" + file.lower().replace(".", "-")
        where += "/" if (ROOT / file).is_dir() else ""
        example = re.fullmatch(r"examples/(\d\d_\w+)\.cpp", file)
        if example:
            return f"/examples/{example[1]}"
        self.sources[file] = where
        return where

    def rewrite(self, page, text):
        parts = FENCE.split(text)
        seen = set()
        for i in range(0, len(parts), 2):
            parts[i] = TOKEN.sub(
                lambda m: self.token(page, m, seen), parts[i])
        return "".join(parts)

    def token(self, page, m, seen):
        """A link, a picture, a heading, or code: a name that a page of doc/
        has for the first time leads to the reference."""
        if m["label"]:
            return m["label"] + self.address(page, m["where"])
        if m["text"]:
            if m["text"].startswith("!"):
                return self.picture(page, m["text"], m["target"])
            return f"{m['text']}({self.address(page, m['target'])})"
        if m["code"] and page.startswith(("doc/guide/", "doc/reference/README")):
            name = re.match(r"`(?:asioctx::)?((?:errc::|testing::)?\w+)", m[0])
            name = name and name[1].removeprefix("testing::")
            if m[0] == "`std::hash`":
                name = "std::hash<asioctx::context>"
            where = self.reference.names.get(name)
            if where and name not in seen | {"context"}:
                seen.add(name)
                return f"[{m[0]}]({where})"
        return m[0]

    def picture(self, page, alt, target):
        """A drawing becomes part of the page: it takes its colors. Other
        pictures are put beside it."""
        file = ROOT / posixpath.normpath(
            posixpath.join(posixpath.dirname(page), target))
        if not file.is_file():
            raise Error(f"{page}: there is no picture {target}")
        if file.suffix == ".svg":
            svg = re.sub(r"<!--.*?-->|<style>.*?</style>|<\?xml.*?\?>", "",
                         file.read_text(), flags=re.S)
            svg = re.sub(r"\s*\n\s*", " ", svg).strip()
            return f'\n<figure class="picture">{svg}</figure>\n'
        shutil.copy(file, self.make(f"/public/{file.name}"))
        return f"{alt}(/{file.name})"

    # Pages.

    def make(self, address):
        path = self.out / address.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def put(self, address, text):
        if address.endswith("/"):
            address += "index"
        self.make(address + ".md").write_text(text)

    def documents(self):
        for file, address in self.pages.items():
            text = (ROOT / file).read_text()
            if file == "README.md":
                # The page begins with a banner of its own.
                text = (ROOT / "doc/site/home.md").read_text() \
                    + text.split("\n", 1)[1]
            # Where the code comes from is for doc/check-snippets.py.
            text = re.sub(r"^\s*<!--.*?-->\n", "", text, flags=re.M)
            self.put(address, self.rewrite(file, no_html(text)))

    def examples(self):
        rows = []
        for path in sorted((ROOT / "examples").glob("[0-9][0-9]_*.cpp")):
            text = path.read_text()
            # The comment between the license and the code says what it shows.
            about, code = re.match(
                r"(?://[^\n]*\n)+\n((?://[^\n]*\n)+)\n(.*)", text,
                re.S).groups()
            about = re.sub(r"^// ?", "", about, flags=re.M).strip()
            about, _, drawn = about.partition("\n\n")
            if drawn:
                about += f"\n\n```text\n{drawn}\n```"
            code = re.sub(r"^\s*//(\[[\w-]+|\])\n", "", code, flags=re.M)
            expected = path.with_suffix(".expected").read_text()
            self.put(
                f"/examples/{path.stem}",
                f"# {path.stem}\n\n{about}\n\n"
                f"```cpp\n{code.strip()}\n```\n\nIt prints\n\n"
                f"```text\n{expected.rstrip()}\n```\n")
            rows.append(f"| [{path.stem}](/examples/{path.stem}) | "
                        f"{' '.join(about.split('```')[0].split())} |")
        server = self.source("examples/server")
        self.put(
            "/examples/",
            "# Examples\n\nEach shows one thing, and is a test: ctest runs it "
            "and compares what it prints.\n\n"
            "| program | |\n|---|---|\n" + "\n".join(rows)
            + f"\n| [server]({server}) | An HTTP gateway with deadlines, "
            "upstreams, TLS and a graceful shutdown. `bash examples/demo.sh` "
            "shows it at work. |\n"
            f"| [clients]({self.source('examples/clients')}) | Clients of "
            "PostgreSQL, MySQL, Redis, MQTT and gRPC, and a child process, "
            "with the real servers. |\n")
        return [r.split("](")[0].removeprefix("| [") for r in rows]

    def headers(self):
        index = (ROOT / "doc/reference/README.md").read_text()
        self.reference.check(index)
        for header in self.reference.headers:
            page = f"/reference/api/{reference.page_of(header)}"
            self.put(page, self.rewrite("", self.reference.page(header)))
        self.put("/reference/api/names", self.reference.index())
        # In the order of the table.
        return [h for h in re.findall(r"include/([\w/]+\.hpp)\)", index)
                if h in self.reference.headers]

    def shown_sources(self):
        known = set(subprocess.run(
            ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True,
            text=True).stdout.split())
        done = set()
        while more := set(self.sources) - done:
            for file in sorted(more):
                done.add(file)
                path = ROOT / file
                if path.is_dir():
                    rows = []
                    for f in sorted(path.iterdir()):
                        name = f.relative_to(ROOT).as_posix()
                        if f.is_file() and name in known \
                                and not name.endswith(".expected"):
                            rows.append(f"- [{f.name}]({self.source(name)})")
                    text = "\n".join(rows)
                else:
                    code = path.read_text()
                    language = {".cpp": "cpp", ".hpp": "cpp", ".py": "python",
                                ".sh": "bash"}.get(path.suffix, "text")
                    fence = "`" * 4
                    text = f"{fence}{language}\n{code.rstrip()}\n{fence}"
                self.put(self.sources[file],
                         f"---\nsearch: false\n---\n\n# {file}\n\n{text}\n")

    def title(self, page):
        text = (ROOT / page).read_text()
        title = re.search(r"^# (.*)$", text, re.M)[1]
        return {"text": title, "link": self.pages[page]}

    def lay(self):
        self.documents()
        headers = self.headers()
        examples = self.examples()
        self.shown_sources()
        design = sorted(p for p in self.pages if p.startswith("doc/design/"))
        design.sort(key=lambda p: not p.endswith("overview.md"))
        bar = {
            "/guide/": [{"text": name, "items": [self.title(p) for p in pages]}
                        for name, pages in GUIDE],
            "/reference/": [
                {"text": "Reference", "items": [
                    {"text": "Overview", "link": "/reference/"},
                    {"text": "All names", "link": "/reference/api/names"}]},
                {"text": "Headers", "items": [
                    {"text": h.removeprefix("asioctx/"),
                     "link": f"/reference/api/{reference.page_of(h)}"}
                    for h in headers]},
                {"text": "Facts", "items": [self.title(p) for p in FACTS]}],
            "/design/": [{"text": "Design",
                          "items": [self.title(p) for p in design]}],
            "/examples/": [{"text": "Examples", "items": [
                {"text": e, "link": f"/examples/{e}"} for e in examples]}],
        }
        listed = {i["link"] for groups in bar.values() for g in groups
                  for i in g["items"]}
        lost = [f for f, a in self.pages.items()
                if f.startswith(("doc/guide/", "doc/reference/"))
                and a not in listed]
        if lost:
            raise Error(f"in no side bar: {', '.join(lost)}")
        self.make("/.vitepress/sidebar.json").write_text(
            json.dumps(bar, indent=1))


def main():
    xml, out = (pathlib.Path(p) for p in sys.argv[1:])
    try:
        Site(xml, out).lay()
    except (Error, reference.Error) as e:
        print(f"error: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
