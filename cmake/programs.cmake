# The programs of this project: tests, examples and benchmarks, and their helpers.

# Sanitizers need a predictable address space. On kernels with high-entropy
# ASLR older runtimes fail with "unexpected memory mapping" (TSan) or at
# random (ASan), so sanitized programs run under setarch -R where it works.
#
# Programs for another system run under its emulator, if there is one.
set(ASIOCTX_LAUNCHER ${CMAKE_CROSSCOMPILING_EMULATOR})
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=[^ ]*(address|thread)")
    set(ASIOCTX_SANITIZED ON)
    find_program(ASIOCTX_SETARCH setarch)
    mark_as_advanced(ASIOCTX_SETARCH)
    if(ASIOCTX_SETARCH)
        execute_process(
            COMMAND ${ASIOCTX_SETARCH} -R true
            RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
        if(NOT refused)
            set(ASIOCTX_LAUNCHER ${ASIOCTX_SETARCH} -R)
        endif()
    endif()
endif()

# asioctx_add_program(<target> <source>...): an executable that links asioctx
# and is compiled with the project's warnings.
function(asioctx_add_program target)
    add_executable(${target} ${ARGN})
    target_link_libraries(${target}
        PRIVATE asioctx::asioctx asioctx_warnings)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()

# What this system cannot do: the tests unit.<file>/<case>, race.<name> and
# example.<name>.
set(ASIOCTX_NOT_HERE)
if(WIN32)
    include(${CMAKE_CURRENT_LIST_DIR}/not_on_windows.cmake)
endif()

enable_testing()
if(ASIOCTX_BUILD_TESTS)
    add_subdirectory(test)
endif()
if(ASIOCTX_BUILD_EXAMPLES)
    add_subdirectory(examples)
endif()
if(ASIOCTX_BUILD_BENCH)
    add_subdirectory(bench)
endif()
