//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_OPERATION_HPP
#define ASIOCTX_TEST_SUPPORT_OPERATION_HPP

#include <asioctx/bind_context.hpp>

#include <boost/asio/io_context.hpp>

#include <utility>

#include "support/outcome.hpp"

namespace asioctx::test {

// An asynchronous operation and the object that it belongs to. It does not
// complete until satisfy() is called.
class operation
{
public:
    explicit operation(asio::io_context& ioc) : ioc_(ioc)
    {
    }

    virtual ~operation() = default;

    // Starts the operation: bound to a context, or as it is.
    virtual void start(context ctx, outcome& o) = 0;
    virtual void start_bare(outcome& o) = 0;

    // Has what is outstanding succeed, or what is started next.
    virtual void satisfy() = 0;

    // Has the object abort its operations; false if it cannot.
    virtual bool cancel()
    {
        return false;
    }

    // Called after start(), having called satisfy() before: nothing remains to
    // be done but to call the handler. False if that is not known.
    virtual bool has_succeeded()
    {
        return true;
    }

    // Whether satisfy() works on what is outstanding.
    virtual bool can_satisfy_later() const
    {
        return true;
    }

    // Whether the operation's signature has no place for default results.
    virtual bool starts_when_done() const
    {
        return false;
    }

    // Whether the operation does without the object once it is aborted.
    virtual bool may_go_while_outstanding() const
    {
        return true;
    }

protected:
    asio::io_context& ioc_;
};

// Implements what is started with Derived::initiate(token).
template <class Derived>
class operation_of : public operation
{
public:
    using operation::operation;

    void start(context ctx, outcome& o) final
    {
        static_cast<Derived&>(*this).initiate(
            bind_context(std::move(ctx), recorder(o)));
    }

    void start_bare(outcome& o) final
    {
        static_cast<Derived&>(*this).initiate(recorder(o));
    }
};

} // namespace asioctx::test

#endif
