# The warnings of the project's own sources. Private: users do not get them.
# Presets turn them into errors (CMAKE_COMPILE_WARNING_AS_ERROR).
add_library(asioctx_warnings INTERFACE)
# Clang's -Wconversion warns of sign, too, which GCC's does not: Beast hands its
# initiations an int for a size.
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang|GNU" AND NOT MSVC)
    target_compile_options(asioctx_warnings INTERFACE
        -Wall
        -Wextra
        -Wpedantic
        -Wconversion
        -Woverloaded-virtual
        -Wno-sign-conversion
        $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>)
elseif(MSVC)
    target_compile_options(asioctx_warnings INTERFACE /W4 /permissive-)
endif()
