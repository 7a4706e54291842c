# Makes of the project's sources those for Asio without Boost, in directory TREE:
#
#     cmake -D TREE=build/tree -P cmake/standalone/make_tree.cmake
#
# Asio makes the sources that Boost has of its own by a script. This one goes the
# other way. What differs in more than its name is in overlay.hpp, and where that
# does not do, a source asks for ASIOCTX_STANDALONE. Every file keeps its lines: what
# a compiler says of one is true of the other.

cmake_minimum_required(VERSION 3.24)

# Another component, and what needs Beast or the coroutines of Boost.Context.
set(left_out
    include/asioctx/grpc.hpp
    examples/17_websocket_chat.cpp
    test/unit/bind_beast.cpp
    test/unit/bind_spawn.cpp)

function(asioctx_make_standalone variable)
    set(text "${${variable}}")
    macro(put old new)
        string(REPLACE "${old}" "${new}" text "${text}")
    endmacro()

    put("<boost/asio" "<asio")
    put("<boost/version.hpp>" "<asio/version.hpp>")
    put("<boost/system/result.hpp>" "<asioctx/detail/standalone.hpp>")
    put("<boost/assert/source_location.hpp>" "<asioctx/detail/standalone.hpp>")
    string(REGEX REPLACE "<boost/system/[a-z_]+\\.hpp>" "<system_error>"
        text "${text}")

    # Here the namespace has that name, and asioctx a source_location of its own.
    put("namespace asio = boost::asio;" "")
    put("boost::asio" "asio")
    put("using boost::source_location;" "")
    put("boost::source_location" "asioctx::source_location")
    put("BOOST_CURRENT_LOCATION" "asioctx::source_location::current()")

    # A base is constructed with its number.
    string(REGEX REPLACE
        "(public|private|:) boost::system::error_category([\n(])"
        "\\1 asioctx::detail::numbered_category\\2" text "${text}")
    put("boost::system::result" "asioctx::result")
    put("boost::system::system_category" "asio::system_category") # its own
    put("boost::system::" "std::")

    # A category of the standard library has a destructor.
    put("constexpr cause_key " "constinit const cause_key ")
    put("constexpr asioctx::cause_key " "constinit const asioctx::cause_key ")
    put("@c inline @c constexpr is" "@c inline @c constinit @c const is")

    put("BOOST_ASIO_" "ASIO_")
    put("BOOST_NO_" "ASIO_NO_")
    put("BOOST_VERSION" "ASIO_VERSION")
    put("built_with_boost_" "built_with_asio_")
    put("Boost 1.81" "Asio 1.26")

    # There is no Beast: nothing has these names then.
    put("boost::beast" "beast")
    put("boost.beast" "beast")

    set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# So that what has not changed is not compiled anew.
function(asioctx_write_if_new file text)
    if(EXISTS ${file})
        file(READ ${file} old)
    endif()
    if(NOT EXISTS ${file} OR NOT old STREQUAL text)
        file(WRITE ${file} "${text}")
    endif()
endfunction()

cmake_path(SET source NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../..)
set(depends)
if(NOT CMAKE_SCRIPT_MODE_FILE)
    set(depends CONFIGURE_DEPENDS)
endif()
file(GLOB_RECURSE sources ${depends} RELATIVE ${source}
    ${source}/include/*.hpp ${source}/src/*.?pp
    ${source}/test/compile/*.cpp ${source}/test/race/*.cpp
    ${source}/test/support/*.?pp ${source}/test/unit/*.cpp
    ${source}/examples/[0-9]*.cpp)
list(REMOVE_ITEM sources ${left_out})
if(NOT sources OR NOT TREE)
    message(FATAL_ERROR "make_tree.cmake: there is no TREE, or nothing is found in "
        "${source}, whose name must not have brackets")
endif()

foreach(file IN LISTS sources)
    if(NOT CMAKE_SCRIPT_MODE_FILE)
        set_property(DIRECTORY APPEND PROPERTY
            CMAKE_CONFIGURE_DEPENDS ${source}/${file})
    endif()
    file(READ ${source}/${file} text)
    asioctx_make_standalone(text)
    asioctx_write_if_new(${TREE}/${file} "${text}")

    # What the program is compiled from has nothing of Boost. Comments may.
    if(file MATCHES "^(include|src)/")
        string(REGEX REPLACE "//[^\n]*|/\\*([^*]|\\*[^/])*\\*/" "" text "${text}")
        if(text MATCHES "[^\n]*[bB][oO][oO][sS][tT][^\n]*")
            message(FATAL_ERROR "${file}: make_tree.cmake does not know what to "
                "make of\n${CMAKE_MATCH_0}")
        endif()
    endif()
endforeach()
set(overlay include/asioctx/detail/standalone.hpp)
configure_file(${CMAKE_CURRENT_LIST_DIR}/overlay.hpp ${TREE}/${overlay} COPYONLY)

# What the project does not have any more. TREE may have other things, too.
file(GLOB_RECURSE made RELATIVE ${TREE}
    ${TREE}/include/*.hpp ${TREE}/src/*.?pp ${TREE}/test/*.?pp ${TREE}/examples/*.cpp)
list(REMOVE_ITEM made ${sources} ${overlay})
list(TRANSFORM made PREPEND ${TREE}/)
if(made)
    file(REMOVE ${made})
endif()
