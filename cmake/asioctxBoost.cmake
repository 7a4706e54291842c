#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#

# How Boost is looked for, by the project and by those who use what is installed.

# OLD lets FindBoost run where Boost was installed without its BoostConfig.cmake;
# FindBoost itself prefers BoostConfig.cmake.
if(POLICY CMP0167)
    cmake_policy(SET CMP0167 OLD)
endif()

# Where BOOST_ROOT is headers alone, FindBoost would take the BoostConfig.cmake of
# another Boost, of the system's. The environment's root is not for who names a Boost_DIR.
set(asioctx_boost_root "${BOOST_ROOT}")
if(NOT asioctx_boost_root AND NOT Boost_DIR)
    set(asioctx_boost_root "$ENV{BOOST_ROOT}")
endif()
if(asioctx_boost_root AND NOT DEFINED Boost_NO_BOOST_CMAKE)
    # As find_package() looks for it under a root.
    set(asioctx_boost_configs)
    foreach(directory IN ITEMS "" /lib*/cmake /lib/*/cmake /share/cmake /cmake)
        file(GLOB found
            "${asioctx_boost_root}${directory}/BoostConfig.cmake"
            "${asioctx_boost_root}${directory}/[Bb]oost*/BoostConfig.cmake")
        list(APPEND asioctx_boost_configs ${found})
    endforeach()
    if(NOT asioctx_boost_configs)
        set(Boost_NO_BOOST_CMAKE ON)
    endif()
endif()

# What is wrong, or nothing: CMake takes another Boost in silence if the one in
# BOOST_ROOT is not there or too old.
function(asioctx_check_boost_root result)
    set(${result} "" PARENT_SCOPE)
    if(NOT asioctx_boost_root OR NOT Boost_INCLUDE_DIRS)
        return()
    endif()
    set(root "${asioctx_boost_root}")
    list(GET Boost_INCLUDE_DIRS 0 found)
    cmake_path(IS_PREFIX root "${found}" NORMALIZE there)
    file(REAL_PATH "${root}" root)
    file(REAL_PATH "${found}" found)
    cmake_path(IS_PREFIX root "${found}" NORMALIZE really_there)
    if(NOT there AND NOT really_there)
        unset(Boost_DIR CACHE)
        unset(Boost_INCLUDE_DIR CACHE)
        set(${result} "there is no Boost 1.81 or newer in BOOST_ROOT, \
${asioctx_boost_root}; the one that was found, or \
kept from before, is in ${found}" PARENT_SCOPE)
    endif()
endfunction()
