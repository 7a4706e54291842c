# Builds for another processor with one of Debian's cross-compilers, and runs what
# was built with QEMU, or as it is if the processor can:
#
#     cmake -S . -B build/aarch64 -D CMAKE_TOOLCHAIN_FILE=cmake/cross.cmake \
#         -D ASIOCTX_CROSS=aarch64 ...
#
# Boost's headers are those of BOOST_ROOT.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ASIOCTX_CROSS)
set(triplet ${ASIOCTX_CROSS}-linux-gnu)

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${ASIOCTX_CROSS})
set(CMAKE_CXX_COMPILER ${triplet}-g++)
if(ASIOCTX_CROSS STREQUAL "i686")
    # As the compiler's default for x86-64 does: the same roundings everywhere.
    set(CMAKE_CXX_FLAGS_INIT "-msse2 -mfpmath=sse")
    # Also with QEMU: threads hang with the loader that its -L finds.
    set(loader /usr/${triplet}/lib/ld-linux.so.2)
    execute_process(COMMAND ${loader} --version
        RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
    if(NOT status EQUAL 0)
        # The kernel runs 64-bit programs alone.
        find_program(ASIOCTX_QEMU qemu-i386 REQUIRED)
    endif()
    set(CMAKE_CROSSCOMPILING_EMULATOR
        ${ASIOCTX_QEMU} ${loader} --library-path /usr/${triplet}/lib)
else()
    find_program(ASIOCTX_QEMU qemu-${ASIOCTX_CROSS} REQUIRED)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${ASIOCTX_QEMU} -L /usr/${triplet})
endif()

set(CMAKE_FIND_ROOT_PATH /usr/${triplet})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
