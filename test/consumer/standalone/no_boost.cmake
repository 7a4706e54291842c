# PROGRAM has symbols, and none of Boost.

execute_process(COMMAND ${NM} -C ${PROGRAM}
    OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
if(NOT symbols MATCHES "asioctx::with_cancel" OR NOT symbols MATCHES " asio::")
    message(FATAL_ERROR "${PROGRAM} has no symbols")
endif()
if(symbols MATCHES "[^\n]*boost[^\n]*")
    message(FATAL_ERROR "${PROGRAM} has of Boost\n${CMAKE_MATCH_0}")
endif()
