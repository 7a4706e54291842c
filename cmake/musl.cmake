# Builds for musl with Clang and LLVM's libc++, of what .ci/fetch-libc.sh has put into
# ASIOCTX_LIBC:
#
#     cmake -S . -B build/musl -D CMAKE_TOOLCHAIN_FILE=cmake/musl.cmake \
#         -D ASIOCTX_LIBC="$(bash .ci/fetch-libc.sh build/libc)" ...
#
# Boost's headers are those of BOOST_ROOT.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES ASIOCTX_LIBC)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_CXX_COMPILER clang++-22)
set(CMAKE_CXX_COMPILER_TARGET x86_64-linux-musl)

set(musl /usr/lib/x86_64-linux-musl)
string(JOIN " " CMAKE_CXX_FLAGS_INIT
    -nostdinc++ -nostdlibinc
    -isystem ${ASIOCTX_LIBC}/package/libcxx/include
    -isystem ${ASIOCTX_LIBC}/package/libcxxabi/include
    -isystem /usr/include/x86_64-linux-musl
    -isystem ${ASIOCTX_LIBC}/package/libc/include/x86-linux-any
    -isystem ${ASIOCTX_LIBC}/package/libc/include/any-linux-any)
set(CMAKE_EXE_LINKER_FLAGS_INIT
    "-nostdlib -fuse-ld=lld -Wl,-dynamic-linker,/lib/ld-musl-x86_64.so.1 ${musl}/Scrt1.o ${musl}/crti.o")
set(CMAKE_CXX_STANDARD_LIBRARIES_INIT
    "${ASIOCTX_LIBC}/libc++.a ${musl}/libc.so -lgcc ${musl}/crtn.o")

set(CMAKE_FIND_ROOT_PATH ${ASIOCTX_LIBC})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
