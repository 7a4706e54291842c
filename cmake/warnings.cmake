# The warnings of the project's own sources. Private: users do not get them.
# Presets turn them into errors (CMAKE_COMPILE_WARNING_AS_ERROR).
add_library(asioctx_warnings INTERFACE)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang|GNU" AND NOT MSVC)
    target_compile_options(asioctx_warnings INTERFACE
        -Wall
        -Wextra
        -Wpedantic
        -Wconversion
        -Woverloaded-virtual
        $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local>)
elseif(MSVC)
    target_compile_options(asioctx_warnings INTERFACE /W4 /permissive-)
endif()
