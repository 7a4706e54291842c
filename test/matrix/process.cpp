//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <boost/asio/writable_pipe.hpp>
#include <boost/optional.hpp>
#include <boost/process/v2/execute.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <boost/system/errc.hpp>

#include <cerrno>
#include <csignal>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <system_error>
#include <utility>

#include "matrix/matrix.hpp"

namespace asioctx::test {

namespace {

namespace process = boost::process::v2;

// A child that exits with 0 when it is told to, and not before.
class child
{
public:
    explicit child(asio::io_context& ioc) : input_(ioc), process_(start(ioc))
    {
    }

    process::process& get()
    {
        return process_;
    }

    // Returns when the child is dead. Who waits for it finds that so: it is not
    // taken away. A signal that was sent before is what it dies of.
    void end()
    {
        input_.close();
        ::siginfo_t info;
        if (::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOWAIT)
                != 0
            && errno != ECHILD)
            throw std::system_error(errno, std::generic_category(), "waitid");
    }

private:
    process::process start(asio::io_context& ioc)
    {
        process::process p(
            ioc, "/bin/cat", {}, process::process_stdio{input_, {}, {}});
        id_ = p.id();
        return p;
    }

    process::pid_type id_ = 0;
    asio::writable_pipe input_;
    process::process process_;
};

template <class Derived>
struct child_subject : fed_once<Derived>
{
    using fed_once<Derived>::fed_once;

    void satisfy()
    {
        c->end();
    }

    // Puts the status of the child where it is found.
    template <class Token>
    auto with_status(Token&& token)
    {
        status = -1;
        error = {};
        return adapt_inside(
            std::forward<Token>(token),
            [this](recorder r)
            {
                return [this, r](error_code ec, int s)
                {
                    status = s;
                    error = ec;
                    r(ec);
                };
            });
    }

    bool good() override
    {
        return status == 0;
    }

    std::optional<child> c{std::in_place, this->ioc_};
    int status = -1;
    error_code error;
};

struct wait_for_exit : child_subject<wait_for_exit>
{
    using child_subject::child_subject;

    template <class Token>
    void initiate(Token&& token)
    {
        c->get().async_wait(with_status(std::forward<Token>(token)));
    }
};

struct execute : child_subject<execute>
{
    using child_subject::child_subject;

    template <class Token>
    void initiate(Token&& token)
    {
        process::async_execute(
            std::move(c->get()), with_status(std::forward<Token>(token)));
    }

    // The status of a child that a signal has ended is the signal's number. Or
    // the cancellation has waited for it, and then it cannot be waited for.
    std::string canceled_otherwise() override
    {
        if (error == boost::system::errc::no_child_process)
            return error.message();
        if (!error && status > 0)
            return "success, status " + std::to_string(status);
        return {};
    }

    // The operation owns the child, and what is canceled has ended it.
    bool kept() override
    {
        return false;
    }

    void renew() override
    {
        child_subject::renew();
        c.emplace(ioc_);
    }
};

} // namespace

} // namespace asioctx::test

int main()
{
    using namespace asioctx::test;
    // What a shell starts in the background ignores it, and so do children.
    std::signal(SIGINT, SIG_DFL);
    constexpr auto family = "Boost.Process";
    return run_matrix({
        {family, "async_execute", make<execute>},
        {family, "process::async_wait", make<wait_for_exit>},
    });
}
