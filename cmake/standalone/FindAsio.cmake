# Asio without Boost: asio::asio, Asio_VERSION. It is looked for in ASIO_INCLUDE_DIR.

find_path(ASIO_INCLUDE_DIR asio/version.hpp
    DOC "The directory with the headers of Asio without Boost")
mark_as_advanced(ASIO_INCLUDE_DIR)

set(Asio_VERSION)
if(ASIO_INCLUDE_DIR)
    file(STRINGS ${ASIO_INCLUDE_DIR}/asio/version.hpp version
        REGEX "define ASIO_VERSION [0-9]+ // [0-9.]+")
    string(REGEX REPLACE ".*// " "" Asio_VERSION "${version}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Asio
    REQUIRED_VARS ASIO_INCLUDE_DIR VERSION_VAR Asio_VERSION)

if(Asio_FOUND AND NOT TARGET asio::asio)
    find_package(Threads REQUIRED)
    add_library(asio::asio INTERFACE IMPORTED)
    target_include_directories(asio::asio INTERFACE ${ASIO_INCLUDE_DIR})
    target_link_libraries(asio::asio INTERFACE Threads::Threads
        $<$<PLATFORM_ID:Windows>:ws2_32> $<$<PLATFORM_ID:Windows>:mswsock>)
endif()
