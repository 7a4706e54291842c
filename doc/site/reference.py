#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Makes the pages of the reference from Doxygen's XML and the headers.

One page for each public header. Texts come from the XML; declarations are the
header's own lines. Fails if something public has no text, or if the table of
doc/reference/README.md lacks a header or a name.
"""

import dataclasses
import html
import pathlib
import re
import textwrap
import xml.etree.ElementTree as ET

NAMESPACES = ("asioctx::testing::", "asioctx::")


class Error(Exception):
    """Something public is not documented, or cannot be shown."""


@dataclasses.dataclass
class Entity:
    kind: str
    id: str
    name: str           # without the namespace
    file: str
    line: int
    brief: str = ""
    xml: ET.Element = None
    members: list = dataclasses.field(default_factory=list)


def short(name):
    name = re.sub(r"\s*<\s*", "<", re.sub(r"\s*>", ">", name))
    for prefix in NAMESPACES:
        if name.startswith(prefix):
            return name[len(prefix):]
    return "std::" + name if name.startswith("hash<") else name


def anchor_of(name):
    for sign, word in (("~", "-destructor-"), ("()", "-call"), ("==", "-equal"),
                       ("!=", "-unequal"), ("=", "-assign"), ("->", "-arrow"),
                       ("*", "-star"), ("++", "-next"), ("<<", "-print")):
        name = name.replace(sign, word)
    return re.sub(r"[^\w]+", "-", name).strip("-").lower()


def page_of(file):
    """asioctx/testing/manual_clock.hpp: testing-manual_clock."""
    return file.removeprefix("asioctx/").removesuffix(".hpp").replace("/", "-")


class Reference:
    def __init__(self, root, xml):
        self.root = root
        self.xml = xml
        self.sources = {}
        self.links = {}     # Doxygen's id: address
        self.names = {}     # name as in the text: address
        self.headers = {}   # file: entities
        self.missing = []
        self.scopes = []    # where else a name is looked for
        self._read()

    # Reading.

    def _read(self):
        index = ET.parse(self.xml / "index.xml").getroot()
        found = []
        for compound in index:
            if compound.get("kind") not in ("class", "struct", "namespace"):
                continue
            for node in ET.parse(
                    self.xml / f"{compound.get('refid')}.xml").getroot():
                if node.get("prot", "public") != "public":
                    continue
                name = node.findtext("compoundname")
                if node.get("kind") == "namespace":
                    if name.startswith("asioctx"):
                        found += [self._member(m) for m in self._public(node)]
                else:
                    found.append(self._class(node, name))
        found += self._borrowed()
        for entity in sorted(found, key=lambda e: (e.file, e.line)):
            if entity.file == "asioctx.hpp":
                continue
            self.headers.setdefault(entity.file, []).append(entity)
            page = f"/reference/api/{page_of(entity.file)}"
            self._know(entity, page)
            for member in entity.members:
                self._know(member, page)

    def _borrowed(self):
        """Names of others that a header makes its own: Doxygen leaves them out."""
        for path in sorted((self.root / "include/asioctx").glob("*.hpp")):
            for number, line in enumerate(path.read_text().split("\n"), 1):
                name = re.match(r"using ([\w:]+::(\w+));$", line)
                alias = re.match(r"namespace (\w+) = ([\w:]+);$", line)
                if not name and not alias:
                    continue
                name, whole = (name[2], name[1]) if name else alias.groups()
                yield Entity(
                    "using", f"borrowed-{name}", name, f"asioctx/{path.name}",
                    number, whole, ET.fromstring(
                        "<x><briefdescription><para>The same as <computeroutput>"
                        f"{whole}</computeroutput>.</para></briefdescription>"
                        "<detaileddescription/></x>"))

    def _know(self, entity, page):
        where = f"{page}#{anchor_of(entity.name)}"
        self.links[entity.id] = where
        self.names.setdefault(entity.name, where)
        if entity.kind == "enum":
            for value in entity.xml.findall("enumvalue"):
                self.links[value.get("id")] = where
                self.names.setdefault(
                    f"{entity.name}::{value.findtext('name')}", where)
                if value.find("briefdescription/para") is None:
                    self.missing.append(f"{entity.file}:{entity.line}: "
                                        f"{value.findtext('name')}")
        if not entity.brief:
            self.missing.append(f"{entity.file}:{entity.line}: {entity.name}")

    @staticmethod
    def _public(node):
        for section in node.findall("sectiondef"):
            for member in section.findall("memberdef"):
                if member.get("prot") == "public" \
                        and member.get("kind") != "friend":
                    yield member
                elif member.get("kind") == "friend" \
                        and member.find("briefdescription/para") is not None:
                    yield member

    def _class(self, node, name):
        entity = self._entity(node, short(name))
        for member in self._public(node):
            # A deleted copy needs no text.
            if "delete" in (member.findtext("argsstring") or ""):
                continue
            m = self._member(member)
            m.name = f"{entity.name}::{m.name}"
            entity.members.append(m)
        entity.members.sort(key=lambda m: m.line)
        return entity

    def _member(self, node):
        return self._entity(
            node, short(node.findtext("qualifiedname")
                        if node.get("kind") in ("function", "variable",
                                                "typedef", "enum")
                        and node.get("id").startswith("namespace")
                        else node.findtext("name")))

    def _entity(self, node, name):
        at = node.find("location")
        brief = node.find("briefdescription")
        return Entity(
            node.get("kind"), node.get("id"), name, at.get("file"),
            int(at.get("line")), "".join(brief.itertext()).strip(), node)

    # The header's own lines.

    def declaration(self, entity):
        lines = self.sources.get(entity.file)
        if lines is None:
            lines = (self.root / "include" / entity.file) \
                .read_text().split("\n")
            self.sources[entity.file] = lines
        first = last = entity.line - 1
        while first > 0:
            before = lines[first - 1].strip()
            if not before or before.startswith(("//", "*", "/*", "#")) \
                    or before.endswith((";", "{", "}", ":", "*/")):
                break
            first -= 1
        depth = 0
        text = ""
        while True:
            line = lines[last].split(" // ")[0]
            for i, c in enumerate(line):
                depth += c in "(["
                depth -= c in ")]"
                if depth == 0 and c in ";{" and entity.kind != "enum":
                    line = line[:i + (c == ";")]
                    return self._tidy(lines[first:last], line)
                if c == "}" and entity.kind == "enum":
                    return self._tidy(
                        [x for x in lines[first:last]
                         if not x.strip().startswith("//") and x.strip()],
                        line)
            last += 1

    @staticmethod
    def _tidy(lines, last):
        text = textwrap.dedent("\n".join([*lines, last])).strip("\n")
        text = re.sub(r"ASIOCTX_DECL ?", "", text)
        # What initializes the members is no part of it.
        text = re.sub(r"(\n\s*|\)[ \w]*? ):\s.*",
                      lambda m: m[1].rstrip(), text, flags=re.S).rstrip()
        return text if text.endswith((";", "}")) else text + ";"

    # Texts.

    def link(self, text):
        """A name: one of the page's classes first, or a context's member."""
        key = text.removesuffix("()").removeprefix("asioctx::")
        code = f"`{text}`"
        for scope in ("", *self.scopes):
            if where := self.names.get(scope + key):
                return f"[{code}]({where})"
        return code

    def inline(self, node):
        out = [self.escape(node.text or "")]
        for child in node:
            if child.tag == "computeroutput":
                out.append(self.link("".join(child.itertext())))
            elif child.tag == "ref":
                text = "".join(child.itertext())
                where = self.links.get(child.get("refid"))
                out.append(f"[`{text}`]({where})" if where else f"`{text}`")
            elif child.tag == "emphasis":
                out.append(f"*{self.inline(child).strip()}*")
            elif child.tag == "bold":
                out.append(f"**{self.inline(child).strip()}**")
            elif child.tag == "linebreak":
                out.append("<br>")
            elif child.tag in ("simplesect", "parameterlist",
                               "programlisting", "itemizedlist"):
                out.append("\n\n" + self.block(child) + "\n\n")
            elif child.tag == "para":
                out.append(self.inline(child) + "\n\n")
            elif child.tag in ("ulink",):
                out.append(f"[{self.inline(child)}]({child.get('url')})")
            elif child.tag in ("nonbreakablespace", "sp"):
                out.append(" ")
            elif child.tag in ("ndash", "mdash"):
                out.append("–")
            else:
                raise Error(f"cannot show <{child.tag}>")
            out.append(self.escape(child.tail or ""))
        return "".join(out)

    # In running text: a file of the project, a call, a qualified name.
    MARKED = re.compile(r"\b((?:examples|doc|test)/[\w/]+(?:\.\w+)+"
                        r"|[\w:]+\(\)|\w+::[\w:]+)")

    def escape(self, text):
        out = []
        for i, part in enumerate(self.MARKED.split(text)):
            if i % 2 == 0:
                out.append(re.sub(r"([*_]|\{\{)", r"\\\1",
                                  html.escape(part, quote=False)))
            elif "/" in part:
                out.append(f"[{part}](repo:{part})")
            else:
                out.append(self.link(part))
        return "".join(out)

    def block(self, node):
        if node.tag == "programlisting":
            lines = []
            for line in node.findall("codeline"):
                out = []
                for part in line.iter():
                    if part.tag == "sp":
                        out.append(" ")
                    elif part.text:
                        out.append(part.text)
                    if part.tail and part is not line:
                        out.append(part.tail)
                lines.append("".join(out).rstrip())
            return "```cpp\n" + textwrap.dedent("\n".join(lines)).strip("\n") \
                + "\n```"
        if node.tag == "itemizedlist":
            return "\n".join(
                "- " + textwrap.indent(
                    self.inline(item).strip(), "  ").strip()
                for item in node.findall("listitem"))
        if node.tag == "parameterlist":
            title = {"templateparam": "Template parameters",
                     "param": "Parameters"}.get(node.get("kind"), "Exceptions")
            rows = []
            for item in node.findall("parameteritem"):
                names = ", ".join(
                    f"`{''.join(n.itertext()).strip()}`"
                    for n in item.iter("parametername"))
                text = self.inline(item.find("parameterdescription")).strip()
                rows.append("- " + names + " – "
                            + textwrap.indent(text, "  ").strip())
            return f'<p class="fact">{title}</p>\n\n' + "\n".join(rows)
        title = node.findtext("title") or {
            "return": "Returns", "note": "Note", "see": "See also",
            "warning": "Warning", "pre": "Preconditions"}[node.get("kind")]
        body = "".join(
            self.inline(p) + "\n\n" for p in node.findall("para"))
        return f'<p class="fact">{html.escape(title)}</p>\n\n{body.strip()}'

    def text(self, node):
        out = []
        for part in ("briefdescription", "detaileddescription"):
            for para in node.find(part).findall("para"):
                out.append(self.inline(para).strip())
        return re.sub(r"\n{3,}", "\n\n", "\n\n".join(out))

    # Pages.

    def summary(self, entities):
        rows, seen = [], set()
        for e in entities:
            if e.name in seen:
                continue
            seen.add(e.name)
            brief = self.inline(e.xml.find("briefdescription/para")).strip()
            rows.append(f"| [`{e.name.split('::', 1)[-1] if e.members == [] and '::' in e.name and not e.name.startswith('std') else e.name}`]"
                        f"({self.links[e.id]}) | {brief} |")
        return "| name | |\n|---|---|\n" + "\n".join(rows)

    def entries(self, entities, level):
        """What has one name, and follows each other, has one heading."""
        out, name = [], None
        for e in entities:
            if e.name != name:
                name = e.name
                title = e.name if level == 2 else e.name.split("::")[-1]
                out.append(f"{'#' * level} {html.escape(title)} "
                           f"{{#{anchor_of(e.name)}}}")
            out.append("```cpp\n" + self.declaration(e) + "\n```")
            out.append(self.text(e.xml))
            if e.kind == "enum":
                out.append("\n".join(
                    f"- `{v.findtext('name')}` – "
                    + self.inline(v.find("briefdescription/para")).strip()
                    + "".join(" " + self.inline(p).strip() for p in
                              v.find("detaileddescription").findall("para"))
                    for v in e.xml.findall("enumvalue")))
            if e.members:
                out.append(self.summary(e.members))
                out.append(self.entries(e.members, level + 1))
        return "\n\n".join(out)

    def page(self, file):
        entities = self.headers[file]
        self.scopes = [f"{e.name}::" for e in entities if e.members]
        self.scopes.append("context::")
        text = "\n\n".join([
            "---\noutline: [2, 3]\n---",
            f"# {file.removeprefix('asioctx/')}",
            f"```cpp\n#include <{file}>\n```",
            self.summary(entities),
            self.entries(entities, 2)]) + "\n"
        anchors = re.findall(r"\{#(.*?)\}$", text, flags=re.M)
        for anchor in set(anchors):
            if anchors.count(anchor) > 1:
                raise Error(f"{file}: two headings are #{anchor}")
        return text

    def index(self):
        rows = [
            f"| [`{name}`]({where}) | "
            f"`{where.split('#')[0].split('/')[-1].replace('testing-', 'testing/')}.hpp` |"
            for name, where in sorted(self.names.items(),
                                      key=lambda x: x[0].lower())]
        return ("# All names\n\nEvery public name, in the order of the alphabet. "
                "What begins with the name of a class is a member of it.\n\n"
                "| name | header |\n|---|---|\n" + "\n".join(rows) + "\n")

    def check(self, table):
        """The table of the reference's first page has every header and name."""
        problems = [f"no text: {m}" for m in self.missing]
        for file, entities in self.headers.items():
            row = next((r for r in table.split("\n")
                        if r.startswith("|") and f"include/{file})" in r), None)
            if row is None:
                problems.append(f"doc/reference/README.md has no row for {file}")
                continue
            for e in entities:
                name = e.name
                if not name.startswith("operator"):
                    name = name.split("<")[0]
                if "::" in name.removeprefix("std::"):
                    continue
                if not re.search(rf"`(\w+::)?{re.escape(name)}`", row):
                    problems.append(
                        f"doc/reference/README.md: {file} has {name}, too")
        if problems:
            raise Error("\n".join(problems))
