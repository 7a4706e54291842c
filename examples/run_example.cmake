# Runs PROGRAM, which must succeed and print exactly what is in the file
# EXPECTED. What it printed is kept in the file ACTUAL.

execute_process(
    COMMAND ${LAUNCHER} ${PROGRAM}
    OUTPUT_FILE ${ACTUAL} ERROR_VARIABLE errors RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    file(READ ${ACTUAL} output)
    message(NOTICE "${output}${errors}")
    message(FATAL_ERROR "${PROGRAM}: ended with ${result}")
endif()

# A C library's own words for an error: musl's are made those of glibc.
file(READ ${ACTUAL} output)
string(REPLACE "Cannot send after socket shutdown"
    "Cannot send after transport endpoint shutdown" worded "${output}")
string(REPLACE "No error information" "Success" worded "${worded}")
if(NOT worded STREQUAL output)
    file(WRITE ${ACTUAL} "${worded}")
endif()

if(NOT EXISTS ${EXPECTED})
    message(FATAL_ERROR "${EXPECTED} is missing; the program printed ${ACTUAL}")
endif()
execute_process(
    COMMAND ${CMAKE_COMMAND} -E compare_files --ignore-eol
        ${EXPECTED} ${ACTUAL}
    RESULT_VARIABLE differs OUTPUT_QUIET ERROR_QUIET)
if(differs)
    find_program(diff diff)
    if(diff)
        execute_process(
            COMMAND ${diff} -u ${EXPECTED} ${ACTUAL} OUTPUT_VARIABLE output)
    else()
        file(READ ${ACTUAL} output)
    endif()
    message(NOTICE "${output}")
    message(FATAL_ERROR "${PROGRAM}: the output differs from ${EXPECTED}")
endif()
