# cmake -D SOURCE=<file> -D SETTINGS=<file> -P compile_fail.cmake
#
# Compiles SOURCE twice. As it is, it must fail, and the compiler's output
# must match the regular expression (CMake's) of its first line:
#
#     // expect: <regex>
#
# If the second line is "// lines: <number>", it has no more lines than that.
#
# With ASIOCTX_EXPECT_PASS defined it must compile. That control catches a
# file that fails for another reason than the line it is about.

include(${SETTINGS})

file(READ "${SOURCE}" text)
if(NOT text MATCHES "^// expect: ([^\n]+)\n")
    message(FATAL_ERROR "${SOURCE}: the first line is not // expect: <regex>")
endif()
set(regex "${CMAKE_MATCH_1}")
if(NOT text MATCHES "#if[^\n]*ASIOCTX_EXPECT_PASS")
    message(FATAL_ERROR "${SOURCE}: no #ifdef ASIOCTX_EXPECT_PASS")
endif()

if(COMPILER_ID STREQUAL "MSVC")
    set(command ${COMPILER} /nologo /std:c++20 /EHsc /Zs /we4834)
    set(include /I)
    set(external /external:W0 /external:I)
else()
    # No carets: the source's own text must not match. [[nodiscard]] counts.
    set(command ${COMPILER} -std=c++20 -fsyntax-only
        -Werror=unused-result -Werror=unused-value)
    if(COMPILER_ID MATCHES "Clang")
        list(APPEND command -fno-caret-diagnostics)
    else()
        list(APPEND command -fno-diagnostics-show-caret)
    endif()
    set(include -I)
    set(external -isystem)
endif()
foreach(definition IN LISTS DEFINITIONS)
    list(APPEND command -D${definition})
endforeach()
list(REMOVE_ITEM INCLUDES ${IMPLICIT})
list(REMOVE_DUPLICATES INCLUDES)
foreach(directory IN LISTS INCLUDES)
    if(EXISTS "${directory}/boost/version.hpp")
        list(APPEND command ${external} ${directory})
    else()
        list(APPEND command ${include} ${directory})
    endif()
endforeach()

set(ENV{LC_ALL} C)

execute_process(
    COMMAND ${command} -DASIOCTX_EXPECT_PASS ${SOURCE}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT result EQUAL 0)
    message(NOTICE "${output}")
    message(FATAL_ERROR
        "${SOURCE}: the control (ASIOCTX_EXPECT_PASS) does not compile")
endif()

execute_process(
    COMMAND ${command} ${SOURCE}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result EQUAL 0)
    message(FATAL_ERROR "${SOURCE}: it compiles, and must not")
endif()
if(NOT output MATCHES "${regex}")
    message(NOTICE "${output}")
    message(FATAL_ERROR "${SOURCE}: it fails, but without \"${regex}\"")
endif()
if(text MATCHES "^[^\n]*\n// lines: ([0-9]+)\n")
    set(most ${CMAKE_MATCH_1})
    string(REGEX MATCHALL "\n" lines "${output}")
    list(LENGTH lines lines)
    if(lines GREATER most)
        message(NOTICE "${output}")
        message(FATAL_ERROR "${SOURCE}: ${lines} lines, not ${most}")
    endif()
endif()
