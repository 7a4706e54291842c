#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#
"""This machine's Boost as a package of Conan, so that asioctx's recipe can be tried
where no remote of Conan can be reached. It is for tests alone."""

import re

from conan import ConanFile
from conan.tools.files import load


class SystemBoost(ConanFile):
    name = "boost"
    package_type = "header-library"

    def set_version(self):
        text = load(self, "/usr/include/boost/version.hpp")
        number = int(re.search(r"#define BOOST_VERSION (\d+)", text).group(1))
        self.version = f"{number // 100000}.{number // 100 % 1000}.{number % 100}"

    def package_info(self):
        # As the recipe of Boost itself names them.
        self.cpp_info.set_property("cmake_file_name", "Boost")
        headers = self.cpp_info.components["headers"]
        headers.set_property("cmake_target_name", "Boost::headers")
        for component in (self.cpp_info, headers):
            component.includedirs = component.libdirs = component.bindirs = []
