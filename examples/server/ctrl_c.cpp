//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Runs a program, for which it presses Ctrl-C when the standard input ends:
//
//     ctrl_c <program> [<argument>...]

#include <cstdio>
#include <string>

#include <windows.h>

namespace {

DWORD WINAPI press_at_end(void* program)
{
    char c = 0;
    DWORD n = 0;
    while (::ReadFile(::GetStdHandle(STD_INPUT_HANDLE), &c, 1, &n, nullptr)
           && n != 0)
        ;
    // The program has a console of its own, when it has started. Its keys are
    // for all who have it.
    ::FreeConsole();
    while (!::AttachConsole(*static_cast<DWORD*>(program)))
        ::Sleep(10);
    ::SetConsoleCtrlHandler(nullptr, TRUE);
    ::GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
    return 0;
}

} // namespace

int main()
{
    // After the name of this, which may be quoted.
    std::string line = ::GetCommandLineA();
    auto const end = line[0] == '"' ? line.find('"', 1) + 1 : line.find(' ');
    line.erase(0, line.find_first_not_of(' ', end));

    STARTUPINFOA start = {};
    start.cb = sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdOutput = ::GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = ::GetStdHandle(STD_ERROR_HANDLE);
    PROCESS_INFORMATION program = {};
    if (!::CreateProcessA(
            nullptr,
            line.data(),
            nullptr,
            nullptr,
            TRUE,
            CREATE_NO_WINDOW,
            nullptr,
            nullptr,
            &start,
            &program))
    {
        std::fprintf(
            stderr, "ctrl_c: %lu: %s\n", ::GetLastError(), line.c_str());
        return 127;
    }
    ::CreateThread(nullptr, 0, press_at_end, &program.dwProcessId, 0, nullptr);
    ::WaitForSingleObject(program.hProcess, INFINITE);
    DWORD code = 1;
    ::GetExitCodeProcess(program.hProcess, &code);
    return static_cast<int>(code);
}
