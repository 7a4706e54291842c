#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#

# Writes a header with the text of a file: -D FROM=... -D TO=... -D NAME=...
file(READ "${FROM}" bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE "${TO}" "#include <string_view>

inline constexpr char ${NAME}_bytes[] = {
${bytes}};

inline constexpr std::string_view ${NAME}(${NAME}_bytes, sizeof ${NAME}_bytes);
")
