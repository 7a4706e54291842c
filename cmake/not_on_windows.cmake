# What the tests leave out on Windows, and why. test/bare/wine.cpp shows what is
# Wine's doing, without the library.
list(APPEND ASIOCTX_NOT_HERE
    # Wine: an unread byte hides the end.
    unit.with_peer/bytes_that_are_there_do_not_hide_the_end

    # Wine: a read after a reset that was told reports the end of the file.
    unit.with_peer/a_reset_is_told_from_a_close

    # Windows makes no pairs of local sockets, and what goes by TCP is not there at
    # once.
    example.09_idle_timeout
)
