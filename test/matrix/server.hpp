//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_MATRIX_SERVER_HPP
#define ASIOCTX_TEST_MATRIX_SERVER_HPP

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "matrix/matrix.hpp"

namespace asioctx::test {

// A server that servers.py has started. It can be stopped for a while: then it
// answers nothing, but what is sent to it is kept.
class server
{
public:
    server()
        : address_(get("ASIOCTX_SERVER")),
          pid_(std::stoi(get("ASIOCTX_SERVER_PID")))
    {
    }

    ~server()
    {
        ::kill(pid_, SIGCONT);
    }

    server(server const&) = delete;
    server& operator=(server const&) = delete;

    std::string const& address() const
    {
        return address_;
    }

    void pause() const
    {
        send(SIGSTOP);
        while (state() != 'T')
            std::this_thread::yield();
    }

    void resume() const
    {
        send(SIGCONT);
    }

private:
    static std::string get(char const* name)
    {
        auto const* value = std::getenv(name);
        if (!value)
            throw std::runtime_error(std::string(name) + " is not set");
        return value;
    }

    void send(int signal) const
    {
        if (::kill(pid_, signal) != 0)
            throw std::system_error(errno, std::generic_category(), "kill");
    }

    char state() const
    {
        std::ifstream f("/proc/" + std::to_string(pid_) + "/stat");
        std::string line;
        std::getline(f, line);
        auto const at = line.rfind(')');
        if (at == line.npos || at + 2 >= line.size())
            throw std::runtime_error("the server has gone");
        return line[at + 2];
    }

    std::string const address_;
    int const pid_;
};

// A subject whose other side is such a server, which answers by itself.
template <class Derived>
struct server_subject : subject_of<Derived>
{
    using subject_of<Derived>::subject_of;

    bool feed() override
    {
        return false;
    }

    bool can_pause() const override
    {
        return true;
    }

    void pause() override
    {
        s.pause();
    }

    void resume() override
    {
        s.resume();
    }

    server s;
};

} // namespace asioctx::test

#endif
