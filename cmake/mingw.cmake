# Builds for Windows with Debian's MinGW-w64, and runs what was built with Wine:
#
#     cmake -S . -B build/mingw -D CMAKE_TOOLCHAIN_FILE=cmake/mingw.cmake ...
#
# Boost's headers are those of BOOST_ROOT, and OpenSSL, if there is one, that of
# OPENSSL_ROOT_DIR.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
# That of the system does not know the large objects of below.
set(CMAKE_AR x86_64-w64-mingw32-ar)
set(CMAKE_RANLIB x86_64-w64-mingw32-ranlib)
find_program(CMAKE_CROSSCOMPILING_EMULATOR wine64 PATHS /usr/lib/wine REQUIRED)

# Windows 10 and newer. The tests have more sections than a small object can.
set(CMAKE_CXX_FLAGS_INIT "-D_WIN32_WINNT=0x0A00 -Wa,-mbig-obj")

# No libraries beside a program but those of the system; with a DLL, MinGW's own, which
# it and the program share. Binutils' linker takes minutes for the unit tests, and
# LLVM's seconds.
if(NOT BUILD_SHARED_LIBS)
    set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
endif()
find_program(ASIOCTX_LLD ld.lld)
mark_as_advanced(ASIOCTX_LLD)
if(ASIOCTX_LLD)
    string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT " -B\"${CMAKE_CURRENT_LIST_DIR}/lld\"")
endif()

set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32 ${OPENSSL_ROOT_DIR})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
