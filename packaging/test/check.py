#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Whether what packaging/ and the documentation say of asioctx is what CMakeLists.txt
says, and whether the manifests have the form that their tools ask for.

    packaging/test/check.py [<tree>]

It reads files, and runs nothing.
"""

import json
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1
                    else pathlib.Path(__file__).parents[2]).resolve()
problems = []


def expect(condition, where, message):
    if not condition:
        problems.append(f"{where}: {message}")


def read(name):
    try:
        return (ROOT / name).read_text()
    except OSError as error:
        problems.append(f"{name}: {error.strerror}")
        return ""


LISTS = read("CMakeLists.txt")


def project(pattern):
    found = re.search(pattern, LISTS)
    if not found:
        sys.exit(f"CMakeLists.txt has no {pattern}")
    return found.group(1)


VERSION = project(r"project\(asioctx\s+VERSION (\S+)")
SERIES = ".".join(VERSION.split(".")[:2])
BOOST = project(r"find_package\(Boost (\S+)")
CMAKE = project(r"cmake_minimum_required\(VERSION (\S+)\)")


def boost_libraries():
    """The libraries of Boost whose headers the library includes, by name."""
    names = set()
    for folder in ("include", "src"):
        for path in (ROOT / folder).rglob("*.?pp"):
            for header in re.findall(r"#\s*include <boost/([\w/.]+)>",
                                     path.read_text()):
                name = header.split("/")[0].removesuffix(".hpp")
                # boost/version.hpp is part of Boost.Config.
                names.add({"version": "config"}.get(name, name))
    return names


def vcpkg():
    """vcpkg.json as vcpkg's schema of a port's manifest has it, less what is not
    used here."""
    where = "packaging/vcpkg/vcpkg.json"
    try:
        manifest = json.loads(read(where))
    except ValueError as error:
        problems.append(f"{where}: {error}")
        return
    known = {"name": str, "version": str, "port-version": int, "description": str,
             "homepage": str, "documentation": str, "license": str,
             "supports": str, "dependencies": list}
    for key, value in manifest.items():
        expect(key in known and type(value) is known[key], where,
               f"{key} is unknown, or not of its type")
    for key in ("name", "version", "description", "license", "supports"):
        expect(key in manifest, where, f"there is no {key}")
    expect(manifest.get("name") == "asioctx", where, "the name is not asioctx")
    expect(manifest.get("version") == VERSION, where,
           f"the version is {manifest.get('version')}, not {VERSION}")
    expect(manifest.get("license") == "BSL-1.0", where, "the license is another")
    expect(re.fullmatch(r"!?\(?\w+\)?( [|&] !?\(?\w+\)?)*",
                        manifest.get("supports", "")), where,
           "supports is no expression")

    identifier = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
    boost, host = set(), set()
    for dependency in manifest.get("dependencies", []):
        if isinstance(dependency, str):
            dependency = {"name": dependency}
        name = dependency.get("name", "")
        expect(identifier.fullmatch(name), where, f"\"{name}\" is no name")
        for key, value in dependency.items():
            expect(key in ("name", "version>=", "host", "features", "platform",
                           "default-features"), where, f"{name}: unknown {key}")
            expect(key != "host" or isinstance(value, bool), where,
                   f"{name}: host is true or false")
            expect(key != "version>=" or re.fullmatch(r"[^#]+(#\d+)?", value), where,
                   f"{name}: {value} is no version")
        if name.startswith("boost-"):
            boost.add(name.removeprefix("boost-"))
            expect(dependency.get("version>=") == f"{BOOST}.0", where,
                   f"{name} is not of Boost {BOOST}")
        elif dependency.get("host"):
            host.add(name)
    expect(host == {"vcpkg-cmake", "vcpkg-cmake-config"}, where,
           f"the portfile's tools are not {sorted(host)}")
    expect(boost == boost_libraries(), where,
           f"the sources include Boost's {sorted(boost_libraries())}, and the "
           f"dependencies are {sorted(boost)}")


def paragraphs(name):
    """The fields of a file of Debian's form, paragraph for paragraph."""
    result = []
    text = re.sub(r"^#.*\n", "", read(name), flags=re.M)
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        fields = {}
        for field, value in re.findall(r"^([\w-]+):((?:.*\n?)(?:[ \t].*\n?)*)",
                                       paragraph, re.M):
            expect(field not in fields, name, f"{field} is there twice")
            fields[field] = value.strip()
        result.append(fields)
    return result


def debian():
    folder = "packaging/debian"
    where = f"{folder}/control"
    source, *packages = paragraphs(where)
    for field in ("Source", "Section", "Priority", "Maintainer", "Build-Depends",
                  "Standards-Version"):
        expect(field in source, where, f"the source has no {field}")
    names = [p.get("Package") for p in packages]
    runtime = f"libasioctx{SERIES}"
    expect(sorted(names, key=str) == ["libasioctx-dev", runtime], where,
           f"the packages are {names}, and the library is .so.{SERIES}")
    for package in packages:
        for field in ("Package", "Architecture", "Depends", "Description"):
            expect(field in package, where,
                   f"{package.get('Package')} has no {field}")
    needs = source.get("Build-Depends", "")
    expect(f"cmake (>= {CMAKE})" in needs, where, f"CMake is not {CMAKE}")
    oldest = re.search(r"libboost-dev \(>= ([\d.]+)\)", needs)
    expect(oldest and oldest.group(1) == BOOST, where, f"Boost is not {BOOST}")
    series = re.findall(r"libboost([\d.]+)-dev", needs)
    expect(all([int(n) for n in s.split(".")] >= [int(n) for n in BOOST.split(".")]
               for s in series), where, f"there are Boosts older than {BOOST}")
    dev = next((p for p in packages if p.get("Package") == "libasioctx-dev"), {})
    for needed in (f"{runtime} (= ${{binary:Version}})", "${asioctx:Boost}"):
        expect(needed in dev.get("Depends", ""), where,
               f"libasioctx-dev does not depend on {needed}")

    for name in names:
        expect((ROOT / folder / f"{name}.install").exists(), folder,
               f"there is no {name}.install")
    rules = read(f"{folder}/rules")
    expect(rules.startswith("#!/usr/bin/make -f\n"), f"{folder}/rules",
           "it is no makefile")
    expect(os.access(ROOT / folder / "rules", os.X_OK), f"{folder}/rules",
           "it cannot be executed")
    expect(set(re.findall(r"libasioctx(\d[\d.]*)", rules)) == {SERIES},
           f"{folder}/rules", f"it names another library than {runtime}")
    expect(f"libasioctx\\.so\\.{SERIES.replace('.', chr(92) + '.')} "
           in read(f"{folder}/tests/consumer"), f"{folder}/tests/consumer",
           f"it does not look for .so.{SERIES}")
    expect(read(f"{folder}/source/format").strip() == "3.0 (quilt)",
           f"{folder}/source/format", "it is another")

    where = f"{folder}/changelog"
    entry = re.match(r"asioctx \((\S+)-(\d+)\) (\w+); urgency=\w+\n", read(where))
    expect(entry, where, "its first line is not of Debian's form")
    expect(entry and entry.group(1) == VERSION, where,
           f"its newest entry is not of {VERSION}")
    expect(re.search(r"\n\n -- .+ <\S+@\S+>  \w{3}, \d{2} \w{3} \d{4} "
                     r"\d{2}:\d{2}:\d{2} [+-]\d{4}\n", read(where)), where,
           "its newest entry is not signed as Debian does it")

    license = " ".join(re.sub(r"^ \.$", "", read(f"{folder}/copyright"),
                              flags=re.M).split())
    text = " ".join(read("LICENSE").split("\n", 1)[-1].split())
    expect(text and text in license, f"{folder}/copyright", "it has not all of LICENSE")


def jamroot():
    where = "packaging/b2/Jamroot"
    text = read(where)
    listed = set(re.findall(r"^\s+src/(\w+\.cpp)", LISTS, re.M))
    there = {p.name for p in (ROOT / "src").glob("*.cpp")}
    expect("[ glob ../../src/*.cpp ]" in text and listed == there, where,
           f"CMake does not compile {sorted(there ^ listed)}, and b2 does")
    expect("<cxxstd>20" in text, where, "it is not C++20")
    for path in re.findall(r"\.\./\.\./(test/[\w./]+)", text):
        expect((ROOT / path).exists(), where, f"there is no {path}")


def documentation():
    expect(re.search(rf"^## \[(Unreleased|{re.escape(VERSION)})\]",
                     read("CHANGELOG.md"), re.M), "CHANGELOG.md",
           f"it has neither Unreleased nor {VERSION}")
    for path in [ROOT / "README.md", *ROOT.glob("doc/guide/*.md"),
                 *ROOT.glob("packaging/*.md"),
                 ROOT / "test/consumer/find_package/CMakeLists.txt"]:
        for found in re.findall(r"find_package\(asioctx (\d+\.\d+)",
                                path.read_text()):
            expect(found == SERIES, path.relative_to(ROOT),
                   f"it asks for asioctx {found}, and this is {SERIES}")
    for name in ("doc/guide/install.md", "packaging/README.md"):
        text = read(name)
        for found in re.findall(r"libasioctx(\d+\.\d+)", text):
            expect(found == SERIES, name, f"it has libasioctx{found}")
        for found in re.findall(r"`asioctx/(\d[\w.]*)`", text):
            expect(found == VERSION, name, f"it has asioctx/{found}")


def presets():
    where = "CMakePresets.json"
    found = {p["name"]: p for p in json.loads(read(where))["configurePresets"]}
    install = found.get("install", {})
    variables = install.get("cacheVariables", {})
    expect(variables.get("CMAKE_BUILD_TYPE") == "Release", where,
           "preset install is not Release")
    expect("inherits" not in install and not any(
        k.startswith("ASIOCTX_BUILD") for k in variables), where,
        "preset install builds more than the library")


for part in (vcpkg, debian, jamroot, documentation, presets):
    part()
print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
print(f"packaging: asioctx {VERSION}, Boost {BOOST}: {len(problems)} problems")
sys.exit(1 if problems else 0)
