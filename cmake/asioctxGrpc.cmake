#
# Copyright (c) 2026 The asioctx authors
#
# Distributed under the Boost Software License, Version 1.0. (See accompanying
# file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
#

# The component grpc: asioctx::grpc is asioctx with what <asioctx/grpc.hpp>
# needs, if gRPC is here. That is gRPC::grpc++ if the project has it, or else
# what pkg-config says.
set(asioctx_grpc_FOUND FALSE)
if(NOT TARGET gRPC::grpc++)
    find_package(PkgConfig QUIET)
    if(PKG_CONFIG_FOUND AND NOT TARGET PkgConfig::ASIOCTX_GRPC)
        pkg_check_modules(ASIOCTX_GRPC QUIET IMPORTED_TARGET GLOBAL grpc++)
    endif()
endif()
foreach(target IN ITEMS gRPC::grpc++ PkgConfig::ASIOCTX_GRPC)
    if(TARGET ${target} AND NOT asioctx_grpc_FOUND)
        set(asioctx_grpc_FOUND TRUE)
        if(NOT TARGET asioctx::grpc)
            add_library(asioctx::grpc INTERFACE IMPORTED GLOBAL)
            target_link_libraries(asioctx::grpc
                INTERFACE asioctx::asioctx ${target})
        endif()
    endif()
endforeach()
