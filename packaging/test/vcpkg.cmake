#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#

# Runs the portfile for vcpkg with stand-ins for vcpkg's functions, and looks at
# what it does:
#
#     cmake -D WORK=<dir> -P packaging/test/vcpkg.cmake
#                                           nothing is compiled
#     cmake -D WORK=<dir> -D INSTALLS=<build tree> -P ...
#                                           cmake --install of that tree
#                                           is what is packaged
#     cmake -D WORK=<dir> -D BUILD=ON [-D LINKAGE=dynamic] -P ...
#                                           what the portfile says is configured
#                                           and built, and a program with it
#
# A stand-in refuses arguments that vcpkg does not document. What vcpkg does beside
# is not shown: debug builds, other systems, its look at the result.

cmake_minimum_required(VERSION 3.24)

cmake_path(SET root NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/../..")
if(NOT WORK)
    message(FATAL_ERROR "usage: cmake -D WORK=<dir> -P vcpkg.cmake")
endif()
cmake_path(ABSOLUTE_PATH WORK NORMALIZE)
set(work "${WORK}/vcpkg")
file(REMOVE_RECURSE "${work}")

# What vcpkg tells a portfile.
file(READ "${root}/packaging/vcpkg/vcpkg.json" manifest)
string(JSON PORT GET "${manifest}" name)
string(JSON VERSION GET "${manifest}" version)
set(CURRENT_PACKAGES_DIR "${work}/packages/${PORT}")
set(CURRENT_BUILDTREES_DIR "${work}/buildtrees/${PORT}")
set(VCPKG_LIBRARY_LINKAGE static)
if(LINKAGE)
    set(VCPKG_LIBRARY_LINKAGE "${LINKAGE}")
endif()
file(MAKE_DIRECTORY "${CURRENT_PACKAGES_DIR}" "${CURRENT_BUILDTREES_DIR}")

# Calls are kept in a property: variables of a function are its own.
set_property(GLOBAL PROPERTY calls "")
macro(called)
    set_property(GLOBAL APPEND PROPERTY calls "${CMAKE_CURRENT_FUNCTION}")
    if(DEFINED arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "vcpkg: ${CMAKE_CURRENT_FUNCTION} does not know "
            "${arg_UNPARSED_ARGUMENTS}")
    endif()
endmacro()

function(vcpkg_from_github)
    cmake_parse_arguments(PARSE_ARGV 0 arg "USE_TARBALL_API"
        "OUT_SOURCE_PATH;REPO;REF;SHA512;HEAD_REF;GITHUB_HOST;AUTHORIZATION_TOKEN;FILE_DISAMBIGUATOR"
        PATCHES)
    called()
    foreach(needed IN ITEMS OUT_SOURCE_PATH REPO REF SHA512)
        if(NOT DEFINED arg_${needed})
            message(FATAL_ERROR "vcpkg: vcpkg_from_github without ${needed}")
        endif()
    endforeach()
    if(NOT arg_REF STREQUAL "v${VERSION}")
        message(FATAL_ERROR "vcpkg: the release is ${arg_REF}, not v${VERSION}")
    endif()
    set(${arg_OUT_SOURCE_PATH} "${root}" PARENT_SCOPE)
endfunction()

function(vcpkg_cmake_configure)
    cmake_parse_arguments(PARSE_ARGV 0 arg
        "PREFER_NINJA;DISABLE_PARALLEL_CONFIGURE;WINDOWS_USE_MSBUILD;NO_CHARSET_FLAG"
        "SOURCE_PATH;GENERATOR;LOGFILE_BASE"
        "OPTIONS;OPTIONS_DEBUG;OPTIONS_RELEASE;MAYBE_UNUSED_VARIABLES")
    called()
    if(NOT EXISTS "${arg_SOURCE_PATH}/CMakeLists.txt")
        message(FATAL_ERROR "vcpkg: there is no CMakeLists.txt in SOURCE_PATH")
    endif()
    # vcpkg warns of a variable that the project does not use.
    file(READ "${arg_SOURCE_PATH}/CMakeLists.txt" lists)
    foreach(option IN LISTS arg_OPTIONS arg_OPTIONS_RELEASE arg_OPTIONS_DEBUG)
        if(option MATCHES "^-D *(ASIOCTX_[A-Z_]+)")
            set(name "${CMAKE_MATCH_1}")
            if(NOT lists MATCHES "option\\(${name} ")
                message(FATAL_ERROR "vcpkg: the project has no option ${name}")
            endif()
        endif()
    endforeach()
    if(BUILD)
        set(shared OFF)
        if(VCPKG_LIBRARY_LINKAGE STREQUAL "dynamic")
            set(shared ON)
        endif()
        execute_process(
            COMMAND ${CMAKE_COMMAND} -G Ninja -S ${arg_SOURCE_PATH}
                -B ${CURRENT_BUILDTREES_DIR}/rel
                -D CMAKE_BUILD_TYPE=Release
                -D CMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}
                -D CMAKE_INSTALL_LIBDIR=lib -D CMAKE_INSTALL_BINDIR=bin
                -D CMAKE_ERROR_ON_ABSOLUTE_INSTALL_DESTINATION=ON
                -D BUILD_SHARED_LIBS=${shared}
                -D CMAKE_UNITY_BUILD=ON -D CMAKE_UNITY_BUILD_BATCH_SIZE=20
                ${arg_OPTIONS} ${arg_OPTIONS_RELEASE}
            COMMAND_ERROR_IS_FATAL ANY)
    endif()
endfunction()

function(vcpkg_cmake_install)
    cmake_parse_arguments(PARSE_ARGV 0 arg
        "DISABLE_PARALLEL;ADD_BIN_TO_PATH" "" "")
    called()
    if(BUILD)
        execute_process(
            COMMAND ${CMAKE_COMMAND} --build ${CURRENT_BUILDTREES_DIR}/rel
                --target install -j 1
            COMMAND_ERROR_IS_FATAL ANY)
    elseif(INSTALLS)
        execute_process(
            COMMAND ${CMAKE_COMMAND} --install ${INSTALLS}
                --prefix ${CURRENT_PACKAGES_DIR}
            OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
    endif()
    # What vcpkg's debug build would leave.
    file(WRITE "${CURRENT_PACKAGES_DIR}/debug/include/asioctx.hpp" "")
    file(WRITE "${CURRENT_PACKAGES_DIR}/debug/share/asioctx/gdb/asioctx.py" "")
    file(WRITE "${CURRENT_PACKAGES_DIR}/debug/lib/stand-in" "")
endfunction()

function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 arg
        "DO_NOT_DELETE_PARENT_CONFIG_PATH;NO_PREFIX_CORRECTION"
        "PACKAGE_NAME;CONFIG_PATH;TOOLS_PATH" "")
    called()
    if(NOT arg_PACKAGE_NAME)
        set(arg_PACKAGE_NAME "${PORT}")
    endif()
    if(BUILD OR INSTALLS)
        set(from "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}")
        if(NOT EXISTS "${from}/asioctxConfig.cmake")
            message(FATAL_ERROR
                "vcpkg: there is no asioctxConfig.cmake in ${arg_CONFIG_PATH}")
        endif()
        file(GLOB files "${from}/*")
        file(COPY ${files}
            DESTINATION "${CURRENT_PACKAGES_DIR}/share/${arg_PACKAGE_NAME}")
        file(REMOVE_RECURSE "${from}")
        cmake_path(GET from PARENT_PATH parent)
        file(REMOVE_RECURSE "${parent}")
        # One directory less deep than it was.
        file(GLOB files "${CURRENT_PACKAGES_DIR}/share/${arg_PACKAGE_NAME}/*.cmake")
        foreach(file IN LISTS files)
            file(READ "${file}" text)
            string(REGEX REPLACE
                "(get_filename_component\\(_IMPORT_PREFIX \"\\\${CMAKE_CURRENT_LIST_FILE}\" PATH\\)\n)(get_filename_component\\(_IMPORT_PREFIX \"\\\${_IMPORT_PREFIX}\" PATH\\)\n)+"
                "\\1\\2\\2" text "${text}")
            string(REPLACE "\${CMAKE_CURRENT_LIST_DIR}/../../../"
                "\${CMAKE_CURRENT_LIST_DIR}/../../" text "${text}")
            file(WRITE "${file}" "${text}")
        endforeach()
    endif()
endfunction()

function(vcpkg_fixup_pkgconfig)
    cmake_parse_arguments(PARSE_ARGV 0 arg "SKIP_CHECK" "" "")
    called()
    if((BUILD OR INSTALLS)
        AND NOT EXISTS "${CURRENT_PACKAGES_DIR}/lib/pkgconfig/asioctx.pc")
        message(FATAL_ERROR "vcpkg: there is no asioctx.pc")
    endif()
endfunction()

function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" COMMENT FILE_LIST)
    called()
    file(INSTALL ${arg_FILE_LIST}
        DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}" RENAME copyright)
endfunction()

# In the clone.
include("${root}/packaging/vcpkg/portfile.cmake")
get_property(calls GLOBAL PROPERTY calls)
set(wanted vcpkg_cmake_configure vcpkg_cmake_install vcpkg_cmake_config_fixup
    vcpkg_fixup_pkgconfig vcpkg_install_copyright)
if(NOT calls STREQUAL "${wanted}")
    message(FATAL_ERROR "vcpkg: the portfile calls ${calls}")
endif()

# What vcpkg would find fault with when it looks at the package.
set(package "${CURRENT_PACKAGES_DIR}")
foreach(file IN ITEMS debug/include debug/share share/doc share/gdb lib/cmake)
    if(EXISTS "${package}/${file}")
        message(FATAL_ERROR "vcpkg: the package has ${file}")
    endif()
endforeach()
set(needed share/asioctx/copyright share/asioctx/usage debug/lib)
if(BUILD OR INSTALLS)
    list(APPEND needed include/asioctx.hpp share/asioctx/asioctxConfig.cmake
        share/asioctx/asioctxTargets.cmake lib/pkgconfig/asioctx.pc)
endif()
foreach(file IN LISTS needed)
    if(NOT EXISTS "${package}/${file}")
        message(FATAL_ERROR "vcpkg: the package has no ${file}")
    endif()
endforeach()

# What the port tells its users is so.
file(READ "${package}/share/asioctx/usage" usage)
if(NOT usage MATCHES "find_package\\(asioctx CONFIG REQUIRED\\)"
    OR NOT usage MATCHES "asioctx::asioctx")
    message(FATAL_ERROR "vcpkg: usage does not say how to use it")
endif()

if(BUILD)
    set(consumer "${work}/consumer")
    execute_process(
        COMMAND ${CMAKE_COMMAND} -G Ninja
            -S ${root}/packaging/conan/test_package -B ${consumer}
            -D asioctx_DIR=${package}/share/asioctx
        COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND ${CMAKE_COMMAND} --build ${consumer} -j 1
        COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND ${consumer}/consumer COMMAND_ERROR_IS_FATAL ANY)
    message("vcpkg: a program with the package ran")
endif()

# Outside of a clone it is the port of a release, if it knows of one.
file(COPY "${root}/packaging/vcpkg/portfile.cmake" DESTINATION "${work}/elsewhere/a/b")
file(READ "${work}/elsewhere/a/b/portfile.cmake" text)
foreach(repository IN ITEMS "" "someone/asioctx")
    string(REPLACE "set(ASIOCTX_REPOSITORY \"\")"
        "set(ASIOCTX_REPOSITORY \"${repository}\")" portfile "${text}")
    # It is run to the sources, which are this clone's then, and not to the end.
    string(REGEX REPLACE "\nvcpkg_cmake_configure.*" "\n" portfile "${portfile}")
    set(probe "${work}/elsewhere/a/b/probe.cmake")
    file(WRITE "${probe}" "${portfile}")
    if(repository)
        set_property(GLOBAL PROPERTY calls "")
        include("${probe}")
        get_property(calls GLOBAL PROPERTY calls)
        if(NOT calls STREQUAL "vcpkg_from_github" OR NOT SOURCE_PATH STREQUAL root)
            message(FATAL_ERROR "vcpkg: a release is not fetched")
        endif()
    else()
        execute_process(COMMAND ${CMAKE_COMMAND} -P ${probe}
            RESULT_VARIABLE result ERROR_VARIABLE error OUTPUT_QUIET)
        if(NOT result OR NOT error MATCHES "knows of no[ \n]+release"
            OR error MATCHES "vcpkg_from_github")
            message(FATAL_ERROR "vcpkg: a port without a release says: ${error}")
        endif()
    endif()
endforeach()
message("vcpkg: the portfile does what it should, with stand-ins for vcpkg")
