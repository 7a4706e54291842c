#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""The recipe of asioctx for Conan 2. It packages the clone that it is in:

    conan create packaging/conan
"""

import os
import re

from conan import ConanFile
from conan.errors import ConanException, ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

required_conan_version = ">=2.0"


class AsioctxConan(ConanFile):
    name = "asioctx"
    description = "Go's context for Boost.Asio"
    license = "BSL-1.0"
    topics = ("asio", "context", "cancellation", "deadline", "timeout")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]

    @property
    def _root(self):
        """The clone. It is there when the recipe is exported, and not later."""
        return os.path.join(self.recipe_folder, os.pardir, os.pardir)

    def set_version(self):
        lists = load(self, os.path.join(self._root, "CMakeLists.txt"))
        found = re.search(r"project\(asioctx\s+VERSION (\S+)", lists)
        if not found:
            raise ConanException("CMakeLists.txt names no version")
        self.version = self.version or found.group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*",
                        "src/*", "tools/gdb/*"):
            copy(self, pattern, self._root, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        # The library is compiled for one Boost, and its headers include Boost's:
        # another Boost is another package of asioctx. It needs the headers alone.
        self.requires("boost/[>=1.81 <2]", libs=False, transitive_headers=True,
                      package_id_mode="full_version_mode")

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os not in ("Linux", "Windows"):
            raise ConanInvalidConfiguration(
                "asioctx was not tried on this system: see doc/reference/platforms.md")
        if self.settings.compiler == "msvc":
            raise ConanInvalidConfiguration("asioctx was not tried with MSVC")

    def generate(self):
        toolchain = CMakeToolchain(self)
        # The library is the same with gRPC and without, so that it is not looked for.
        toolchain.cache_variables["CMAKE_DISABLE_FIND_PACKAGE_PkgConfig"] = True
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder,
             os.path.join(self.package_folder, "licenses"))
        # Conan makes what CMake and pkg-config find. The last are the license once
        # more, and what GDB would find by the place of an installed library.
        for folder in (("lib", "cmake"), ("lib", "pkgconfig"), ("share", "doc"),
                       ("share", "gdb")):
            rmdir(self, os.path.join(self.package_folder, *folder))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "asioctx")
        self.cpp_info.set_property("cmake_target_name", "asioctx::asioctx")
        self.cpp_info.set_property("pkg_config_name", "asioctx")
        self.cpp_info.libs = ["asioctx"]
        self.cpp_info.requires = ["boost::headers"]
        if self.options.shared:
            self.cpp_info.defines = ["ASIOCTX_DYN_LINK"]
        if self.settings.os == "Windows":
            self.cpp_info.system_libs = ["ws2_32", "mswsock"]
        else:
            self.cpp_info.system_libs = ["pthread"]
