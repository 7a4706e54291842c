//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_MATRIX_MATRIX_HPP
#define ASIOCTX_TEST_MATRIX_MATRIX_HPP

#include <asioctx/bind_context.hpp>
#include <asioctx/error.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace asioctx::test {

// How an operation ended.
struct ending
{
    int calls = 0;
    error_code error;
    bool in_several = false;       // the first of several exceptions
    bool failed_otherwise = false; // an exception without an error code
};

// The handler of every operation of the matrix.
class recorder
{
public:
    explicit recorder(ending& e) noexcept : ending_(&e)
    {
    }

    void operator()() const
    {
        ++ending_->calls;
    }

    template <class... Results>
    void operator()(error_code const& ec, Results&&...) const
    {
        ++ending_->calls;
        ending_->error = ec;
    }

    template <class... Results>
    void operator()(std::exception_ptr const& e, Results&&...) const
    {
        ++ending_->calls;
        if (e)
            record(e);
    }

    // What parallel_group says: the first to end counts.
    template <std::size_t Size, class... Results>
    void operator()(
        std::array<std::size_t, Size> const& order, Results const&... r) const
    {
        ++ending_->calls;
        std::size_t i = 0;
        (note_if(i++ == order[0], r), ...);
    }

private:
    void record(std::exception_ptr const& e) const
    {
        try
        {
            std::rethrow_exception(e);
        }
        catch (boost::system::system_error const& s)
        {
            ending_->error = s.code();
        }
        catch (asio::multiple_exceptions const& several)
        {
            ending_->in_several = true;
            record(several.first_exception());
        }
        catch (...)
        {
            ending_->failed_otherwise = true;
        }
    }

    void note_if(bool counts, error_code const& ec) const
    {
        if (counts)
            ending_->error = ec;
    }

    void note_if(bool, std::size_t) const
    {
    }

    ending* ending_;
};

// Bound to a context, and to a plain cancellation signal for comparison.
using bound_token = context_binder<recorder>;
using bare_token = decltype(asio::bind_cancellation_slot(
    std::declval<asio::cancellation_slot>(), std::declval<recorder>()));

// Puts another adapter between the binding and the handler.
template <class Adapt>
auto adapt_inside(bound_token&& t, Adapt adapt)
{
    return bind_context(
        t.get_context(), t.get_cancellation_type(), adapt(std::move(t.get())));
}

template <class Adapt>
auto adapt_inside(bare_token&& t, Adapt adapt)
{
    auto const slot = t.get_cancellation_slot();
    return asio::bind_cancellation_slot(slot, adapt(std::move(t.get())));
}

// An operation, the object that it belongs to, and the other side of it.
class subject
{
public:
    explicit subject(asio::io_context& ioc) : ioc_(ioc)
    {
    }

    virtual ~subject() = default;

    virtual void start(bound_token&&) = 0;
    virtual void start(bare_token&&) = 0;

    // What the operation waits for next, as little as lets it do one more step.
    // False if there is no more.
    virtual bool feed() = 0;

    // Whether feed() may be called before the operation is started.
    virtual bool feeds_ahead() const
    {
        return false;
    }

    // Before the operation is started again on the same object.
    virtual void renew()
    {
    }

    // Whether what a successful operation has brought is right.
    virtual bool good()
    {
        return true;
    }

    // How an operation has ended that was canceled but tells so in a way of its
    // own; or nothing.
    virtual std::string canceled_otherwise()
    {
        return {};
    }

    // Whether the object still has, after a cancellation, all that it had
    // before.
    virtual bool kept()
    {
        return true;
    }

    // Of an other side that acts by itself: keeps it from that, and lets it.
    virtual bool can_pause() const
    {
        return false;
    }

    virtual void pause()
    {
    }

    virtual void resume()
    {
    }

    // Set while the operation is initiated, by those that are asked to stop
    // amid that.
    std::function<void()> cancel_amid;

protected:
    asio::io_context& ioc_;
};

// Implements what is started with Derived::initiate(token).
template <class Derived>
class subject_of : public subject
{
public:
    using subject::subject;

    void start(bound_token&& t) override
    {
        static_cast<Derived&>(*this).initiate(std::move(t));
    }

    void start(bare_token&& t) override
    {
        static_cast<Derived&>(*this).initiate(std::move(t));
    }
};

// The same for those that the other side feeds once, with Derived::satisfy().
template <class Derived>
struct fed_once : subject_of<Derived>
{
    using subject_of<Derived>::subject_of;

    bool feed() override
    {
        if (std::exchange(fed, true))
            return false;
        static_cast<Derived&>(*this).satisfy();
        return true;
    }

    bool feeds_ahead() const override
    {
        return true;
    }

    void renew() override
    {
        fed = false;
    }

    bool fed = false;
};

// What the other side is.
enum class other_side
{
    fed,       // subject::feed(): every step is known
    by_itself, // a thread or a server, which answers when it will
    none,      // never answers: the operation waits for ever
};

struct operation
{
    char const* family;
    char const* name;
    std::unique_ptr<subject> (*make)(asio::io_context&);
    other_side side = other_side::fed;

    // Made for cancellation at every step, if make() is for one that waits.
    std::unique_ptr<subject> (*make_moving)(asio::io_context&) = nullptr;
};

template <class Subject>
std::unique_ptr<subject> make(asio::io_context& ioc)
{
    return std::make_unique<Subject>(ioc);
}

// Tries everything and prints a line for each operation and type of request.
// Returns main()'s value: not 0 if a handler was not called exactly once.
int run_matrix(std::initializer_list<operation> operations);

} // namespace asioctx::test

#endif
