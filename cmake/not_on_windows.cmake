# What the tests leave out on Windows, and why. test/bare shows without the library
# what is Wine's doing, or Asio's.
list(APPEND ASIOCTX_NOT_HERE
    # Wine: an unread byte hides the end.
    unit.with_peer/bytes_that_are_there_do_not_hide_the_end

    # Wine: a read after a reset that was told reports the end of the file.
    unit.with_peer/a_reset_is_told_from_a_close

    # Wine: a read whose socket is closed ends with ERROR_HANDLES_CLOSED, which is
    # not Asio's operation_aborted.
    unit.lifetimes/an_object_may_go_before_the_cancel

    # Asio on IOCP: a timer that was due when it was canceled is aborted. That is
    # bare.timers.
    unit.operations/stays_a_success_that_came_before_a_cancel_in_a_handler/_0

    # They print what the system calls an error or a signal.
    example.02_cancel_tree
    example.06_graceful_shutdown
    example.07_merge
    example.08_grace

    # Windows makes no pairs of local sockets, and what goes by TCP is not there at
    # once.
    example.09_idle_timeout

    # There is no SO_REUSEPORT.
    example.server.io-contexts

    # There is no supervisor, and no socket of its.
    example.server.drain
)
