#!/usr/bin/env python3
#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""Runs the recipe for Conan with a stand-in for Conan, and looks at what it does:

    packaging/test/conan.py <work directory>              nothing is compiled
    packaging/test/conan.py <work directory> --installs <build tree>
                              cmake --install of that tree is what is packaged
    packaging/test/conan.py <work directory> --build
                              what the recipe exports is configured and built

The stand-in knows of Conan what the recipe uses, and nothing else: another name, or
an argument that Conan does not document, fails. packaging/conan/test.sh runs the
recipe with Conan itself.
"""

import argparse
import fnmatch
import importlib.util
import pathlib
import re
import shutil
import subprocess
import sys
import types

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = re.search(r"project\(asioctx\s+VERSION (\S+)",
                    (ROOT / "CMakeLists.txt").read_text()).group(1)


class Failed(Exception):
    pass


def expect(condition, message):
    if not condition:
        raise Failed(message)


class ConanException(Exception):
    pass


class ConanInvalidConfiguration(ConanException):
    pass


class Compared(str):
    """A setting. Comparing it with what it can never be is an error in Conan."""
    KNOWN = {"Linux", "Windows", "Macos", "FreeBSD", "Android", "iOS", "gcc",
             "clang", "apple-clang", "msvc", "Debug", "Release", "x86_64", "armv8"}

    def __eq__(self, other):
        expect(other in self.KNOWN, f"a setting is compared with {other}")
        return str(self) == other

    __hash__ = str.__hash__


class Requirements(list):
    TRAITS = {"headers", "libs", "build", "run", "visible", "transitive_headers",
              "transitive_libs", "test", "package_id_mode", "force", "override",
              "direct", "options"}
    MODES = {"unrelated_mode", "semver_mode", "full_version_mode", "patch_mode",
             "minor_mode", "major_mode", "full_recipe_mode", "full_package_mode",
             "revision_mode", "full_mode"}

    def __call__(self, reference, **traits):
        expect(re.fullmatch(r"[a-z0-9_+.-]+/(\[[^\]]+\]|[\w.+-]+)", reference),
               f"{reference} is no reference")
        expect(traits.keys() <= self.TRAITS,
               f"unknown traits {traits.keys() - self.TRAITS}")
        expect(traits.get("package_id_mode") in self.MODES | {None},
               f"unknown mode {traits.get('package_id_mode')}")
        self.append((reference, traits))


class CppInfo:
    FIELDS = {"libs", "requires", "defines", "system_libs", "includedirs"}
    PROPERTIES = {"cmake_file_name", "cmake_target_name", "pkg_config_name"}

    def __init__(self):
        object.__setattr__(self, "properties", {})

    def set_property(self, name, value):
        expect(name in self.PROPERTIES, f"unknown property {name}")
        self.properties[name] = value

    def __setattr__(self, name, value):
        expect(name in self.FIELDS, f"unknown field cpp_info.{name}")
        object.__setattr__(self, name, value)


class ConanFile:
    version = None


def stand_in(arguments, log):
    """What `import conan` finds."""

    def module(name, **content):
        new = types.ModuleType(name)
        vars(new).update(content)
        sys.modules[name] = new

    def copy(recipe, pattern, src, dst, excludes=None, keep_path=True):
        source, target = pathlib.Path(src).resolve(), pathlib.Path(dst)
        copied = []
        for file in source.glob("**/*") if "*" in pattern \
                else source.glob(pattern):
            name = file.relative_to(source).as_posix()
            if file.is_file() and fnmatch.fnmatchcase(name, pattern):
                to = target / name
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, to)
                copied.append(name)
        expect(copied, f"copy(\"{pattern}\") finds nothing in {source}")
        return copied

    def load(recipe, path):
        return pathlib.Path(path).read_text()

    def rmdir(recipe, path):
        path = pathlib.Path(path)
        log.append(("rmdir", path.relative_to(recipe.package_folder).as_posix()))
        shutil.rmtree(path, ignore_errors=True)

    def check_min_cppstd(recipe, standard):
        log.append(("check_min_cppstd", standard))

    def can_run(recipe):
        return True

    def cmake_layout(recipe):
        log.append(("cmake_layout",))

    class Generator:
        def __init__(self, recipe):
            self.cache_variables = {}

        def generate(self):
            log.append((type(self).__name__,))

    def run(*command):
        subprocess.run([str(c) for c in command], check=True,
                       stdout=None if arguments.build else subprocess.DEVNULL)

    class CMake:
        def __init__(self, recipe):
            self.recipe = recipe

        def configure(self, variables=None):
            log.append(("configure",))
            if arguments.build:
                shared = "ON" if self.recipe.options.shared else "OFF"
                run("cmake", "-S", self.recipe.source_folder,
                    "-B", self.recipe.build_folder, "-G", "Ninja",
                    "-D", "CMAKE_BUILD_TYPE=Release",
                    "-D", f"BUILD_SHARED_LIBS={shared}",
                    "-D", "CMAKE_UNITY_BUILD=ON",
                    "-D", "CMAKE_UNITY_BUILD_BATCH_SIZE=20",
                    "-D", "CMAKE_INSTALL_LIBDIR=lib")

        def build(self):
            log.append(("build",))
            if arguments.build:
                run("cmake", "--build", self.recipe.build_folder, "-j", "1")

        def install(self):
            log.append(("install",))
            tree = self.recipe.build_folder if arguments.build \
                else arguments.installs
            if tree:
                run("cmake", "--install", tree,
                    "--prefix", self.recipe.package_folder)

    module("conan", ConanFile=ConanFile)
    module("conan.errors", ConanException=ConanException,
           ConanInvalidConfiguration=ConanInvalidConfiguration)
    module("conan.tools")
    module("conan.tools.build", check_min_cppstd=check_min_cppstd, can_run=can_run)
    module("conan.tools.cmake", CMake=CMake, cmake_layout=cmake_layout,
           CMakeDeps=type("CMakeDeps", (Generator,), {}),
           CMakeToolchain=type("CMakeToolchain", (Generator,), {}))
    module("conan.tools.files", copy=copy, load=load, rmdir=rmdir)


def read_recipe(path, name):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = [c for c in vars(module).values()
             if isinstance(c, type) and issubclass(c, ConanFile)
             and c is not ConanFile]
    expect(len(found) == 1, f"{path}: there is not one recipe but {len(found)}")
    return found[0]


def make(recipe_class, work, shared, **settings):
    recipe = recipe_class()
    recipe.recipe_folder = str(ROOT / "packaging" / "conan")
    recipe.export_sources_folder = recipe.source_folder = str(work / "sources")
    recipe.build_folder = str(work / "build")
    recipe.package_folder = str(work / "package")
    recipe.settings = types.SimpleNamespace(
        **{name: Compared(value) for name, value in settings.items()})
    recipe.options = types.SimpleNamespace(shared=shared, fPIC=True)
    recipe.requires = Requirements()
    recipe.cpp_info = CppInfo()
    return recipe


LINUX = dict(os="Linux", arch="x86_64", compiler="gcc", build_type="Release")


def check(arguments):
    log = []
    work = arguments.work.resolve() / "conan"
    shutil.rmtree(work, ignore_errors=True)
    stand_in(arguments, log)
    recipe_class = read_recipe(ROOT / "packaging/conan/conanfile.py", "recipe")
    expect(set(recipe_class.settings) == set(LINUX), "settings are missing")
    expect(set(recipe_class.options) == set(recipe_class.default_options),
           "an option has no default")

    recipe = make(recipe_class, work, arguments.shared, **LINUX)
    recipe.set_version()
    expect(recipe.version == VERSION, f"the version is {recipe.version}")

    recipe.export_sources()
    exported = pathlib.Path(recipe.export_sources_folder)
    lists = (exported / "CMakeLists.txt").read_text()
    for file in re.findall(r"^\s*(?:include\(|configure_file\(|install\(FILES\s+)?"
                           r"((?:src|cmake|tools|include)/[\w/.]+\.\w+)",
                           lists, re.M):
        expect((exported / file).exists(), f"the recipe does not export {file}")
    expect((exported / "LICENSE").exists(), "the recipe does not export LICENSE")
    for folder in ("include", "src"):
        ours = {p.relative_to(ROOT) for p in (ROOT / folder).rglob("*.?pp")}
        theirs = {p.relative_to(exported) for p in (exported / folder).rglob("*.?pp")}
        expect(ours == theirs, f"the recipe exports not all of {folder}")

    recipe.layout()
    recipe.requirements()
    expect(len(recipe.requires) == 1, "the recipe requires more than Boost")
    reference, traits = recipe.requires[0]
    oldest = re.search(r"find_package\(Boost (\S+)", lists).group(1)
    expect(reference.startswith(f"boost/[>={oldest} "),
           f"the recipe requires {reference}, CMakeLists.txt Boost {oldest}")
    expect(traits.get("transitive_headers") is True,
           "who includes asioctx does not find Boost's headers")
    expect(traits.get("package_id_mode") == "full_version_mode",
           "another Boost is not another package")

    recipe.validate()
    expect(("check_min_cppstd", 20) in log, "C++20 is not asked for")
    for refused in ({"os": "Macos"}, {"os": "Windows", "compiler": "msvc"}):
        try:
            make(recipe_class, work, False, **{**LINUX, **refused}).validate()
        except ConanInvalidConfiguration:
            continue
        raise Failed(f"the recipe takes {refused}")

    recipe.generate()
    recipe.build()
    recipe.package()
    calls = [entry[0] for entry in log]
    order = ["cmake_layout", "CMakeToolchain", "CMakeDeps", "configure", "build",
             "install"]
    expect([c for c in calls if c in order] == order, f"the order is {calls}")

    package = pathlib.Path(recipe.package_folder)
    expect((package / "licenses/LICENSE").exists(), "the license is not packaged")
    recipe.package_info()
    info = recipe.cpp_info
    expect(info.properties.get("cmake_file_name") == "asioctx"
           and info.properties.get("cmake_target_name") == "asioctx::asioctx",
           "find_package(asioctx) gives no asioctx::asioctx")
    expect(info.requires == ["boost::headers"], "who links is not given Boost")
    if arguments.build or arguments.installs:
        shared = list((package / "lib").glob("libasioctx.so*"))
        for library in info.libs:
            expect(list((package / "lib").glob(f"lib{library}.*")),
                   f"the package has no library {library}")
        expect((getattr(info, "defines", []) == ["ASIOCTX_DYN_LINK"])
               == bool(shared and arguments.shared), "ASIOCTX_DYN_LINK is wrong")
        expect((package / "include/asioctx.hpp").exists(), "there are no headers")
        left = [p.relative_to(package).as_posix() for p in package.rglob("*")
                if p.is_file() and p.parts[len(package.parts)]
                not in ("include", "lib", "licenses")]
        expect(left in ([], ["share/asioctx/gdb/asioctx.py"]),
               f"the package has more: {left}")
        for folder in ("lib/cmake", "lib/pkgconfig"):
            expect(not (package / folder).exists(), f"the package has {folder}")

    test = read_recipe(ROOT / "packaging/conan/test_package/conanfile.py", "test")
    test = make(test, work, False, **LINUX)
    test.tested_reference_str = f"asioctx/{VERSION}"
    test.requirements()
    expect(test.requires == [(f"asioctx/{VERSION}", {})],
           "test_package does not test this package")
    test.generate()
    ran = []
    test.cpp = types.SimpleNamespace(build=types.SimpleNamespace(bindir="bin"))
    test.run = lambda command, env=None: ran.append((command, env))
    test.test()
    expect(ran == [("bin/consumer", "conanrun")], f"test_package runs {ran}")
    print("conan: the recipe does what it should, with a stand-in for Conan")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--installs", type=pathlib.Path)
    parser.add_argument("--build", action="store_true")
    parser.add_argument("--shared", action="store_true")
    try:
        check(parser.parse_args())
    except (Failed, ImportError, AttributeError, TypeError, ConanException,
            OSError, subprocess.CalledProcessError) as failure:
        print(f"conan: {type(failure).__name__}: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
