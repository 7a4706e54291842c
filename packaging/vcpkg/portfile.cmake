# In a clone of asioctx, the port of its sources: an overlay port. Anywhere else,
# that of a release, whose place and hash the release fills in.
set(ASIOCTX_REPOSITORY "")
set(ASIOCTX_SHA512 0)

cmake_path(SET SOURCE_PATH NORMALIZE "${CMAKE_CURRENT_LIST_DIR}/../..")
if(NOT EXISTS "${SOURCE_PATH}/include/asioctx.hpp")
    if(ASIOCTX_REPOSITORY STREQUAL "")
        message(FATAL_ERROR "This port of asioctx is not in a clone of asioctx, \
and knows of no release.")
    endif()
    vcpkg_from_github(
        OUT_SOURCE_PATH SOURCE_PATH
        REPO "${ASIOCTX_REPOSITORY}"
        REF "v${VERSION}"
        SHA512 "${ASIOCTX_SHA512}"
        HEAD_REF main)
endif()

# The library is the same with gRPC and without, so that it is not looked for.
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS -DCMAKE_DISABLE_FIND_PACKAGE_PkgConfig=ON)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/asioctx)
vcpkg_fixup_pkgconfig()

# The license is the port's copyright. GDB finds its commands by the place of the
# library, which is not yet where it will be.
file(REMOVE_RECURSE
    "${CURRENT_PACKAGES_DIR}/debug/include"
    "${CURRENT_PACKAGES_DIR}/debug/share"
    "${CURRENT_PACKAGES_DIR}/share/doc"
    "${CURRENT_PACKAGES_DIR}/share/gdb")

file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage"
    DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
