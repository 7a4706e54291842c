# Configures, builds and runs the project NAME beside this file. For
# find_package and standalone, the build tree is installed into a scratch prefix
# first.

set(prefix ${WORK_DIR}/prefix)
set(build ${WORK_DIR}/build)
file(REMOVE_RECURSE ${WORK_DIR})
file(MAKE_DIRECTORY ${build})

# A build tree may have no type.
set(config)
if(CONFIG)
    set(config --config ${CONFIG})
endif()

# An installed or checked-out asioctx elsewhere must not be found instead.
set(configure ${CMAKE_COMMAND} -G ${GENERATOR} -C ${CACHE}
    -S ${CMAKE_CURRENT_LIST_DIR}/${NAME} -B ${build})
if(NAME MATCHES "^(find_package|standalone)$")
    execute_process(
        COMMAND ${CMAKE_COMMAND} --install ${ASIOCTX_BINARY_DIR}
            --prefix ${prefix} ${config}
        OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
    list(APPEND configure -D asioctx_ROOT=${prefix}
        -D asioctx-standalone_ROOT=${prefix})
else()
    list(APPEND configure -D ASIOCTX_SOURCE_DIR=${ASIOCTX_SOURCE_DIR})
endif()

execute_process(COMMAND ${configure} COMMAND_ERROR_IS_FATAL ANY)
execute_process(
    COMMAND ${CMAKE_COMMAND} --build ${build} ${config} -j 2
    COMMAND_ERROR_IS_FATAL ANY)

find_program(consumer consumer REQUIRED NO_DEFAULT_PATH
    PATHS ${build} ${build}/${CONFIG})
execute_process(
    COMMAND ${LAUNCHER} ${consumer} TIMEOUT 120 COMMAND_ERROR_IS_FATAL ANY)
