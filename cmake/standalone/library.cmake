# asioctx::standalone, the library for Asio without Boost, in place of
# asioctx::asioctx. It is installed beside that, under names of its own.

set(ASIOCTX_TREE ${PROJECT_BINARY_DIR}/tree)
set(TREE ${ASIOCTX_TREE})
include(${CMAKE_CURRENT_LIST_DIR}/make_tree.cmake)

list(PREPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
find_package(Asio 1.26 REQUIRED)
list(POP_FRONT CMAKE_MODULE_PATH)

file(GLOB_RECURSE headers ${ASIOCTX_TREE}/include/*.hpp)
file(GLOB sources ${ASIOCTX_TREE}/src/*.cpp)
add_library(asioctx_standalone ${sources})
add_library(asioctx::standalone ALIAS asioctx_standalone)
target_sources(asioctx_standalone PUBLIC
    FILE_SET HEADERS BASE_DIRS ${ASIOCTX_TREE}/include FILES ${headers})
target_include_directories(asioctx_standalone PRIVATE ${ASIOCTX_TREE}/src)
target_compile_features(asioctx_standalone PUBLIC cxx_std_20)
target_compile_definitions(asioctx_standalone
    PRIVATE ASIOCTX_SOURCE
    PUBLIC $<$<BOOL:${BUILD_SHARED_LIBS}>:ASIOCTX_DYN_LINK>)
target_link_libraries(asioctx_standalone
    PUBLIC asio::asio PRIVATE $<BUILD_INTERFACE:asioctx_warnings>)
if(NOT DEFINED CMAKE_POSITION_INDEPENDENT_CODE)
    set_target_properties(asioctx_standalone PROPERTIES
        POSITION_INDEPENDENT_CODE ON)
endif()
set_target_properties(asioctx_standalone PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    EXPORT_NAME standalone
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# Installation.
set(package asioctx-standalone)
set(include_dir ${CMAKE_INSTALL_INCLUDEDIR}/${package})
set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/${package})
install(TARGETS asioctx_standalone EXPORT ${package}Targets
    FILE_SET HEADERS DESTINATION ${include_dir})
install(DIRECTORY ${ASIOCTX_TREE}/src/ DESTINATION ${include_dir}/asioctx/src)
install(EXPORT ${package}Targets
    NAMESPACE asioctx:: DESTINATION ${cmake_dir})
configure_package_config_file(
    ${CMAKE_CURRENT_LIST_DIR}/${package}Config.cmake.in ${package}Config.cmake
    INSTALL_DESTINATION ${cmake_dir})
configure_file(
    cmake/asioctxConfigVersion.cmake.in ${package}ConfigVersion.cmake @ONLY)
install(FILES
    ${PROJECT_BINARY_DIR}/${package}Config.cmake
    ${PROJECT_BINARY_DIR}/${package}ConfigVersion.cmake
    ${CMAKE_CURRENT_LIST_DIR}/FindAsio.cmake
    DESTINATION ${cmake_dir})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/${package})

# The programs, which know the library by its other name, but for the benchmarks.
set(ASIOCTX_BUILD_BENCH OFF)
if(ASIOCTX_BUILD_TESTS OR ASIOCTX_BUILD_EXAMPLES)
    add_library(asioctx::asioctx ALIAS asioctx_standalone)
    include(cmake/programs.cmake)
endif()
