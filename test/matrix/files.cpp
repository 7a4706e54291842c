//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/random_access_file.hpp>
#include <boost/asio/stream_file.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <type_traits>
#include <unistd.h>
#include <utility>

#include "matrix/matrix.hpp"

namespace asioctx::test {

namespace {

// A named pipe, so that a read has to wait.
class named_pipe
{
public:
    named_pipe()
    {
        if (!::mkdtemp(directory_.data()))
            fail("mkdtemp");
        path_ = std::string(directory_.data()) + "/pipe";
        if (::mkfifo(path_.c_str(), 0600) != 0)
            fail("mkfifo");
    }

    ~named_pipe()
    {
        ::unlink(path_.c_str());
        ::rmdir(directory_.data());
    }

    named_pipe(named_pipe const&) = delete;
    named_pipe& operator=(named_pipe const&) = delete;

    std::string const& path() const
    {
        return path_;
    }

private:
    [[noreturn]] static void fail(char const* what)
    {
        throw std::system_error(errno, std::generic_category(), what);
    }

    std::array<char, 64> directory_{"/tmp/asioctx-XXXXXX"};
    std::string path_;
};

template <class File>
struct read_file : fed_once<read_file<File>>
{
    using fed_once<read_file>::fed_once;

    template <class Token>
    void initiate(Token&& token)
    {
        byte = 0;
        if constexpr (std::is_same_v<File, asio::stream_file>)
            file.async_read_some(
                asio::buffer(&byte, 1), std::forward<Token>(token));
        else
            file.async_read_some_at(
                0, asio::buffer(&byte, 1), std::forward<Token>(token));
    }

    void satisfy()
    {
        if (::write(file.native_handle(), "x", 1) != 1)
            throw std::runtime_error("write");
    }

    bool good() override
    {
        return byte == 'x';
    }

    named_pipe pipe;
    File file{this->ioc_, pipe.path(), asio::file_base::read_write};
    char byte = 0;
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    namespace asio = asioctx::asio;
    try
    {
        // Some sandboxes forbid io_uring.
        asio::io_context ioc;
        asio::stream_file file(ioc);
    }
    catch (boost::system::system_error const& e)
    {
        std::fprintf(stderr, "skipped: no io_uring: %s\n", e.what());
        return 77;
    }
    return run_matrix({
        {"files",
         "random_access_file::async_read_some_at",
         make<read_file<asio::random_access_file>>},
        {"files",
         "stream_file::async_read_some",
         make<read_file<asio::stream_file>>},
    });
}
