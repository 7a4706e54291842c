//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

// Operations that are bound to a context are initiated, run, complete, are put
// off and are destroyed while other threads ask them to stop. The operations
// are written by hand, and an io_context is their executor: threads poll it.

#include <asioctx/bind_context.hpp>
#include <asioctx/cancel.hpp>
#include <asioctx/context.hpp>
#include <asioctx/detach_on_cancel.hpp>
#include <asioctx/error.hpp>
#include <asioctx/stays_asked.hpp>

#include <asioctx/detail/sync.hpp>
#include <asioctx/detail/turn.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "explore/explore.hpp"

namespace asio = boost::asio;

using namespace asioctx;
using asio::cancellation_type;
using explore::check;
using explore::op;
using explore::together;
using io_executor = asio::io_context::executor_type;

namespace {

// The turns that records take, and give back to the thread that they end on: a
// thread's are the same in each order. The pool's own order is turn.cpp's.
class turn_supply
{
public:
    turn_supply() noexcept
    {
        for (auto& mine : lists_)
            for (auto& t : mine.made)
            {
                t.add_ref(); // as one that the pool hands out
                mine.put(t);
            }
        current() = this;
    }

    turn_supply(turn_supply const&) = delete;
    turn_supply& operator=(turn_supply const&) = delete;

    ~turn_supply()
    {
        current() = nullptr;
        std::size_t n = 0;
        for (auto const& l : lists_)
            n += l.size;
        check(n == lists * each, "all records are gone");
    }

    static turn_supply*& current() noexcept
    {
        static constinit turn_supply* s = nullptr;
        return s;
    }

    detail::turn& take() noexcept
    {
        auto& l = mine();
        check(l.size != 0, "there are turns left");
        return *l.free[--l.size];
    }

    void put(detail::turn& t) noexcept
    {
        mine().put(t);
    }

private:
    static constexpr std::size_t lists = 4;
    static constexpr std::size_t each = 3;

    struct list
    {
        void put(detail::turn& t) noexcept
        {
            free[size++] = &t;
        }

        detail::turn made[each];
        detail::turn* free[lists * each] = {};
        std::size_t size = 0;
    };

    // That of the scenario, or of one of its threads.
    list& mine() noexcept
    {
        return lists_[explore::detail::self + 1];
    }

    list lists_[lists];
};

} // namespace

extern "C" {

detail::turn& __real__ZN7asioctx6detail9turn_pool4takeEv();
void __real__ZN7asioctx6detail9turn_pool3putERNS0_4turnE(detail::turn&);

detail::turn& __wrap__ZN7asioctx6detail9turn_pool4takeEv()
{
    return turn_supply::current()->take();
}

// The thread's own list gives back at once what it was given.
void __wrap__ZN7asioctx6detail9turn_pool3putERNS0_4turnE(detail::turn& t)
{
    __real__ZN7asioctx6detail9turn_pool3putERNS0_4turnE(t);
    auto& same = __real__ZN7asioctx6detail9turn_pool4takeEv();
    check(&same == &t, "it was put there last");
    turn_supply::current()->put(t);
}

} // extern "C"

namespace {

// What has become of a handler: it is called once or not, and destroyed once.
struct fate
{
    int called = 0;
    int destroyed = 0;
    error_code result;
    std::function<void()> then;
};

class handler
{
public:
    explicit handler(fate& f) noexcept : fate_(&f)
    {
    }

    handler(handler&& other) noexcept
        : fate_(std::exchange(other.fate_, nullptr))
    {
    }

    ~handler()
    {
        if (fate_)
            ++fate_->destroyed;
    }

    // Of a coroutine.
    void operator()(std::exception_ptr e)
    {
        error_code ec;
        try
        {
            if (e)
                std::rethrow_exception(e);
        }
        catch (boost::system::system_error const& s)
        {
            ec = s.code();
        }
        (*this)(ec);
    }

    template <class... More>
    void operator()(error_code ec, More const&...)
    {
        check(fate_->called == 0, "it is called once");
        ++fate_->called;
        fate_->result = ec;
        if (fate_->then)
            fate_->then();
    }

private:
    fate* fate_;
};

bool is_called(fate const& f)
{
    return f.called == 1 && f.destroyed == 1;
}

bool is_dropped(fate const& f)
{
    return f.called == 0 && f.destroyed == 1;
}

bool is_canceled(fate const& f)
{
    return is_called(f) && f.result == errc::canceled;
}

bool has_ended(fate const& f)
{
    return is_called(f) && (!f.result || f.result == errc::canceled);
}

void poll(asio::io_context& ioc)
{
    ioc.poll();
}

// A function that can be moved, and is called or destroyed once.
class callback
{
public:
    callback() = default;

    template <class F>
        requires(!std::is_same_v<F, callback>)
    callback(F f) : f_(std::make_unique<of<F>>(std::move(f)))
    {
    }

    explicit operator bool() const noexcept
    {
        return f_ != nullptr;
    }

    void operator()(error_code ec)
    {
        auto const f = std::move(f_);
        f->call(ec);
    }

private:
    struct base
    {
        virtual ~base() = default;
        virtual void call(error_code ec) = 0;
    };

    template <class F>
    struct of final : base
    {
        explicit of(F&& f) : function(std::move(f))
        {
        }

        void call(error_code ec) override
        {
            std::move(function)(ec);
        }

        F function;
    };

    std::unique_ptr<base> f_;
};

// Waits to be told. As with a descriptor in a reactor, any thread may tell.
class event
{
public:
    void wait(callback f)
    {
        std::lock_guard const lock(m_);
        f_ = std::move(f);
    }

    bool fire(error_code ec = {})
    {
        auto f = take();
        if (!f)
            return false;
        f(ec);
        return true;
    }

    bool drop()
    {
        return static_cast<bool>(take());
    }

private:
    callback take()
    {
        std::lock_guard const lock(m_);
        return std::move(f_);
    }

    detail::mutex m_;
    callback f_;
};

// An I/O object of which there is one operation at a time.
template <class Executor = io_executor>
struct device
{
    static constexpr int nobody = -2;

    explicit device(Executor e) : ex(std::move(e))
    {
    }

    // What is in the slot. It is called alone, before the operation's end,
    // which waits for it; and it stays meanwhile.
    struct canceler
    {
        explicit canceler(device* p) noexcept : d(p)
        {
        }

        canceler(canceler const&) = delete;
        canceler& operator=(canceler const&) = delete;

        ~canceler()
        {
            check(
                d->asker == nobody || d->asker == explore::detail::self,
                "what is called stays");
        }

        void operator()(asio::cancellation_type_t type) const
        {
            auto* const p = d;
            check(!std::exchange(p->busy, true), "it is asked alone");
            check((type & p->asked) == p->asked, "nothing weaker is asked");
            check(!p->f || p->f->called == 0, "it is asked before its end");
            p->asker = explore::detail::self;
            p->asked = type;
            ++p->times;
            if (p->when_asked)
                p->when_asked();
            else
                p->ev.fire(asio::error::operation_aborted);
            check(!p->f || p->f->called == 0, "its end waits for that");
            p->asker = nobody;
            p->busy = false;
        }

        device* d;
    };

    // What does not hear.
    struct ignorer
    {
        explicit ignorer(device* p) noexcept : d(p)
        {
        }

        ignorer(ignorer const&) = delete;
        ignorer& operator=(ignorer const&) = delete;

        ~ignorer()
        {
            check(d->asker == nobody, "what is called stays");
        }

        void operator()(asio::cancellation_type_t) const
        {
            d->asker = explore::detail::self;
            explore::yield();
            d->asker = nobody;
        }

        device* d;
    };

    template <class Handler>
    struct done
    {
        Handler h;
        error_code ec;

        void operator()()
        {
            std::move(h)(ec);
        }
    };

    // An operation of one step.
    struct initiation
    {
        using executor_type = Executor;

        executor_type get_executor() const noexcept
        {
            return d->ex;
        }

        template <class Handler>
        void operator()(Handler&& handler) const
        {
            using handler_type = std::decay_t<Handler>;
            auto* const p = d;
            check(!std::exchange(p->busy, true), "it is initiated alone");
            handler_type h(std::forward<Handler>(handler));
            auto const own = asio::get_associated_executor(h, p->ex);
            if (auto slot = asio::get_associated_cancellation_slot(h);
                slot.is_connected())
                slot.template emplace<canceler>(p);
            p->ev.wait(
                [p, own, h = std::move(h)](error_code ec) mutable
                {
                    done<handler_type> d{std::move(h), ec};
                    if (p->in_place)
                        return d();
                    asio::post(
                        p->ex,
                        [own, d = std::move(d)]() mutable
                        { asio::dispatch(own, std::move(d)); });
                });
            if (p->when_initiated)
                p->when_initiated();
            p->busy = false;
        }

        device* d;
    };

    // One of two steps, of which the second fills the slot. Slot is what it
    // takes the slot for.
    template <class Slot>
    struct long_initiation : initiation
    {
        template <class Handler>
        void operator()(Handler&& handler) const
        {
            using handler_type = std::decay_t<Handler>;
            auto* const p = this->d;
            check(!std::exchange(p->busy, true), "it is initiated alone");
            handler_type h(std::forward<Handler>(handler));
            slot_of<Slot>(h).template emplace<ignorer>(p);
            auto const own = asio::get_associated_executor(h, p->ex);
            slot_of<Slot>(h).clear();
            asio::post(
                own,
                [p, own, h = std::move(h)]() mutable
                { wait_in_step<Slot>(*p, own, std::move(h)); });
            if (p->beside_steps)
                asio::post(own, p->beside_steps);
            if (p->when_initiated)
                p->when_initiated();
            p->busy = false;
        }
    };

    template <class Slot, class Handler>
    static auto slot_of(Handler const& h)
    {
        auto const slot = asio::get_associated_cancellation_slot(h);
        if constexpr (std::is_void_v<Slot>)
            return slot;
        else
            return Slot(slot);
    }

    template <class Slot, class Own, class Handler>
    static void wait_in_step(device& d, Own const& own, Handler h)
    {
        check(!std::exchange(d.busy, true), "steps do not meet");
        slot_of<Slot>(h).template emplace<canceler>(&d);
        d.ev.wait(
            [own, h = std::move(h)](error_code ec) mutable {
                asio::post(own, done<Handler>{std::move(h), ec});
            });
        d.busy = false;
    }

    // One that asks for its executor elsewhere, while it may still be
    // initiated.
    struct late_initiation : initiation
    {
        template <class Handler>
        void operator()(Handler&& handler) const
        {
            using handler_type = std::decay_t<Handler>;
            auto* const p = this->d;
            handler_type h(std::forward<Handler>(handler));
            slot_of<void>(h).template emplace<canceler>(p);
            asio::post(
                p->ex,
                [p, h = std::move(h)]() mutable
                {
                    auto const own = asio::get_associated_executor(h, p->ex);
                    p->ev.wait(
                        [own, h = std::move(h)](error_code ec) mutable {
                            asio::post(
                                own, done<handler_type>{std::move(h), ec});
                        });
                });
        }
    };

    // One whose end and whose request meet at a lock of its own.
    struct locking_initiation : initiation
    {
        template <class Handler>
        void operator()(Handler&& handler) const
        {
            using handler_type = std::decay_t<Handler>;
            auto* const p = this->d;
            handler_type h(std::forward<Handler>(handler));
            slot_of<void>(h).template emplace<canceler>(p);
            p->ev.wait(
                [p, h = std::move(h)](error_code ec) mutable
                {
                    std::lock_guard const lock(p->m);
                    auto const own = asio::get_associated_executor(h, p->ex);
                    asio::post(own, done<handler_type>{std::move(h), ec});
                });
        }
    };

    // One that changes what is in its slot, as it is, where no step runs.
    struct changing_initiation : initiation
    {
        template <class Handler>
        void operator()(Handler&& handler) const
        {
            using handler_type = std::decay_t<Handler>;
            auto* const p = this->d;
            handler_type h(std::forward<Handler>(handler));
            auto slot = asio::get_associated_cancellation_slot(h);
            slot.template emplace<ignorer>(p);
            p->ev.wait(
                [p, h = std::move(h)](error_code ec) mutable {
                    asio::post(p->ex, done<handler_type>{std::move(h), ec});
                });
            asio::post(
                p->ex,
                [p, slot]() mutable
                {
                    slot.clear();
                    explore::yield();
                    slot.template emplace<canceler>(p);
                });
        }
    };

    template <class Initiation, class Token>
    auto wait_as(Token&& token)
    {
        return asio::async_initiate<Token, void(error_code)>(
            Initiation{{this}}, token);
    }

    template <class Token>
    auto wait(Token&& token)
    {
        return asio::async_initiate<Token, void(error_code)>(
            initiation{this}, token);
    }

    Executor ex;
    detail::mutex m; // of locking_initiation
    event ev;
    fate* f = nullptr;     // of the handler
    bool in_place = false; // the handler is called by who fires
    asio::cancellation_type_t asked = cancellation_type::none;
    int times = 0;
    bool busy = false;  // with what must not meet
    int asker = nobody; // the thread
    std::function<void()> when_asked;
    std::function<void()> when_initiated;
    std::function<void()> beside_steps;
};

struct fixture
{
    fixture()
    {
        d.f = &f;
    }

    auto token()
    {
        return bind_context(c.ctx, handler(f));
    }

    void finish()
    {
        for (int i = 0; i != 3; ++i)
            ioc.poll();
    }

    turn_supply turns;
    asio::io_context ioc;
    asio::executor_work_guard<io_executor> work{ioc.get_executor()};
    cancelable c = with_cancel(background(ioc));
    fate f;
    device<> d{ioc.get_executor()};
};

// Operations of one step.

void a_step_completes_beside_a_cancel()
{
    fixture f;
    f.d.wait(f.token());
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { f.d.ev.fire(); },
        [&] { poll(f.ioc); });
    f.finish();
    check(has_ended(f.f), "it has ended");
}

void a_step_waits_beside_two_cancels()
{
    fixture f;
    auto child = with_cancel(f.c.ctx);
    f.d.wait(bind_context(child.ctx, handler(f.f)));
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { child.cancel.cancel(); },
        [&] { poll(f.ioc); });
    f.finish();
    check(is_canceled(f.f) && f.d.times == 1, "it was asked once");
}

void a_step_is_initiated_beside_a_cancel()
{
    fixture f;
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { f.d.wait(f.token()); },
        [&] { poll(f.ioc); });
    f.finish();
    check(is_canceled(f.f), "it was asked");
}

void a_step_is_initiated_beside_its_completion_and_a_cancel()
{
    fixture f;
    f.d.when_initiated = []
    {
        explore::yield();
    };
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { f.d.wait(f.token()); },
        [&]
        {
            f.d.ev.fire();
            poll(f.ioc);
        });
    f.finish();
    check(has_ended(f.f), "it has ended");
}

// The handler is called by who fires, beside a request that is on its way.
void a_step_completes_in_place_beside_a_cancel()
{
    fixture f;
    f.d.in_place = true;
    f.d.wait(f.token());
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { f.d.ev.fire(); },
        [&] { poll(f.ioc); });
    f.finish();
    check(has_ended(f.f), "it has ended");
}

void a_step_completes_in_its_initiation_beside_a_cancel()
{
    fixture f;
    f.d.in_place = true;
    f.d.when_initiated = [&]
    {
        f.d.ev.fire();
    };
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { f.d.wait(f.token()); },
        [&] { poll(f.ioc); });
    f.finish();
    check(has_ended(f.f), "it has ended");
}

// What is in the slot ends the operation, and cancels more.
void a_step_completes_when_asked_beside_its_end()
{
    fixture f;
    auto child = with_cancel(f.c.ctx);
    f.d.in_place = true;
    f.d.when_asked = [&]
    {
        child.cancel.cancel();
        f.c.cancel.cancel();
        f.d.ev.fire(asio::error::operation_aborted);
        check(f.f.called == 0, "the completion is put off");
        explore::yield();
        check(f.f.called == 0, "until nobody asks any more");
    };
    f.d.wait(bind_context(child.ctx, handler(f.f)));
    together(
        [&] { child.cancel.cancel(); },
        [&] { poll(f.ioc); },
        [&] { f.c.cancel.cancel(); });
    f.finish();
    check(is_canceled(f.f), "it was asked");
}

// The handler goes without being called.
void a_step_is_dropped_beside_a_cancel()
{
    fixture f;
    f.d.wait(f.token());
    together(
        [&] { f.c.cancel.cancel(); },
        [&]
        {
            if (f.d.ev.drop())
                check(f.d.asker == f.d.nobody, "nobody asks any more");
        },
        [&] { poll(f.ioc); });
    f.finish();
    check(is_canceled(f.f) || is_dropped(f.f), "it was asked or has gone");
}

void a_step_is_dropped_when_asked()
{
    fixture f;
    f.d.when_asked = [&]
    {
        f.d.ev.drop();
    };
    f.d.wait(f.token());
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { poll(f.ioc); },
        [&]
        {
            f.d.ev.fire();
            poll(f.ioc);
        });
    f.finish();
    check(has_ended(f.f) || is_dropped(f.f), "it has ended or has gone");
}

// Operations of several steps.

// Posts itself, waits, and posts itself again. If it does not look, it goes on
// whatever it was asked, and so stays asked.
template <bool Looks = true>
struct steps
{
    device<>& d;
    bool& inside;
    int step = 0;

    template <class Self>
    void operator()(Self& self, error_code ec = {})
    {
        check(!std::exchange(inside, true), "steps do not meet");
        go_on(self, ec, inside);
    }

private:
    // This object is moved from in it.
    template <class Self>
    void go_on(Self& self, error_code ec, bool& is_inside)
    {
        bool const canceled =
            Looks && self.cancelled() != cancellation_type::none;
        switch (ec || canceled ? 2 : step++)
        {
        case 0:
            asio::post(d.ex, std::move(self));
            break;
        case 1:
            d.wait(std::move(self));
            break;
        default:
            is_inside = false;
            return self.complete(
                canceled ? asio::error::operation_aborted : ec);
        }
        is_inside = false;
    }
};

} // namespace

template <>
[[maybe_unused]] inline constexpr bool asioctx::stays_asked<steps<false>> =
    true;

namespace {

template <bool Looks = true, class Token>
void async_steps(device<>& d, bool& inside, Token&& token)
{
    asio::async_compose<Token, void(error_code)>(
        steps<Looks>{d, inside}, token, d.ex);
}

void steps_run_beside_a_cancel()
{
    fixture f;
    bool inside = false;
    f.d.f = nullptr;
    async_steps(f.d, inside, f.token());
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { poll(f.ioc); },
        [&] { poll(f.ioc); });
    f.finish();
    check(is_canceled(f.f), "it was asked");
}

void steps_begin_beside_a_cancel()
{
    fixture f;
    bool inside = false;
    f.d.f = nullptr;
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { async_steps(f.d, inside, f.token()); },
        [&] { poll(f.ioc); });
    f.finish();
    check(is_canceled(f.f), "it was asked");
}

// Once it is known that it has steps, it is asked where these run.
void steps_begin_beside_their_initiation()
{
    fixture f;
    asio::io_context other;
    f.d.when_asked = [&]
    {
        check(
            other.get_executor().running_in_this_thread(),
            "it is asked where its steps run");
        f.d.ev.fire(asio::error::operation_aborted);
    };
    auto const work = asio::make_work_guard(other);
    together(
        [&]
        {
            f.d.wait_as<device<>::late_initiation>(bind_context(
                f.c.ctx,
                asio::bind_executor(other.get_executor(), handler(f.f))));
        },
        [&] { poll(f.ioc); });
    f.finish();
    f.c.cancel.cancel();
    for (int i = 0; i != 3; ++i)
    {
        f.finish();
        other.poll();
    }
    check(is_canceled(f.f), "it was asked");
}

// Who completes it has the lock and asks for its executor; who asks it to stop
// has the turn and wants the lock.
void an_operation_has_a_lock_of_its_own()
{
    fixture f;
    f.d.when_asked = [&]
    {
        std::lock_guard const lock(f.d.m);
    };
    f.d.f = nullptr; // it may end amid that
    f.d.wait_as<device<>::locking_initiation>(f.token());
    together(
        [&]
        {
            f.c.cancel.cancel();
            poll(f.ioc);
        },
        [&] { f.d.ev.fire(); });
    f.finish();
    check(has_ended(f.f), "it has ended");
}

void steps_end_beside_a_cancel()
{
    fixture f;
    bool inside = false;
    f.d.f = nullptr;
    async_steps(f.d, inside, f.token());
    f.ioc.poll();
    together(
        [&] { f.c.cancel.cancel(); },
        [&]
        {
            f.d.ev.fire();
            poll(f.ioc);
        },
        [&] { poll(f.ioc); });
    f.finish();
    check(has_ended(f.f), "it has ended");
}

// What hears the request is a part that has completed, or none at all.
template <bool OnStrand>
void steps_that_do_not_look_run_beside_a_cancel()
{
    fixture f;
    bool inside = false;
    f.d.f = nullptr;
    if constexpr (OnStrand)
        async_steps<false>(
            f.d,
            inside,
            bind_context(
                f.c.ctx,
                asio::bind_executor(asio::make_strand(f.ioc), handler(f.f))));
    else
        async_steps<false>(f.d, inside, f.token());
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { poll(f.ioc); },
        [&] { poll(f.ioc); });
    f.finish();
    check(is_canceled(f.f), "it was asked");
}

// It has no memory of what it was asked: the slot is filled late.
template <class Slot>
void a_step_fills_the_slot_beside_a_cancel()
{
    fixture f;
    f.d.wait_as<device<>::long_initiation<Slot>>(f.token());
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { poll(f.ioc); },
        [&] { poll(f.ioc); });
    f.finish();
    check(is_canceled(f.f) && f.d.times == 1, "it was asked");
}

void the_slot_changes_beside_a_cancel()
{
    fixture f;
    f.d.wait_as<device<>::changing_initiation>(f.token());
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { poll(f.ioc); },
        [&] { poll(f.ioc); });
    f.finish();
    check(is_canceled(f.f) && f.d.times == 1, "it was asked");
}

// A step comes when its operation has ended, and the next has its turn.
void a_late_step_comes_beside_the_next_operation()
{
    using long_initiation = device<>::long_initiation<void>;
    fixture f;
    fate next;
    device<> second{f.ioc.get_executor()};
    second.f = &next;
    second.when_initiated = []
    {
        explore::yield();
    };
    f.f.then = [&]
    {
        second.wait_as<long_initiation>(bind_context(f.c.ctx, handler(next)));
    };
    int late = 0;
    f.d.beside_steps = [&]
    {
        ++late;
    };
    f.d.wait_as<long_initiation>(f.token());
    f.ioc.poll_one();
    f.d.ev.fire();
    together([&] { poll(f.ioc); }, [&] { poll(f.ioc); });
    f.c.cancel.cancel();
    f.finish();
    check(late == 1, "it came");
    check(has_ended(f.f) && is_canceled(next), "both have ended");
}

// Coroutines that are bound as a whole, which one thread runs.

// It is asked before it begins, and does not, or when it waits.
template <bool IsSpawnedBefore>
void a_coroutine_begins_beside_a_cancel()
{
    fixture f;
    f.d.f = nullptr;
    bool begun = false;
    auto const wait = [&]() -> asio::awaitable<void>
    {
        begun = true;
        co_await f.d.wait(asio::use_awaitable);
    };
    if (IsSpawnedBefore)
        asio::co_spawn(f.ioc, wait, f.token());
    together(
        [&] { f.c.cancel.cancel(); },
        [&]
        {
            if (!IsSpawnedBefore)
                asio::co_spawn(f.ioc, wait, f.token());
            poll(f.ioc);
        });
    f.finish();
    check(is_canceled(f.f), "it was asked");
    check(begun || f.d.times == 0, "what it waits for is not begun before it");
}

// The handler's own slot.

void its_slot_asks_beside_the_context()
{
    fixture f;
    asio::cancellation_signal s;
    f.d.when_asked = [&]
    {
        if ((f.d.asked & cancellation_type::terminal)
            != cancellation_type::none)
            f.d.ev.fire(asio::error::operation_aborted);
    };
    f.d.wait(bind_context(
        f.c.ctx, asio::bind_cancellation_slot(s.slot(), handler(f.f))));
    asio::post(
        f.ioc,
        [&]
        {
            s.emit(cancellation_type::partial);
            explore::yield();
            s.emit(cancellation_type::terminal);
        });
    together([&] { f.c.cancel.cancel(); }, [&] { poll(f.ioc); });
    f.finish();
    check(is_called(f.f), "it has ended");
    check(
        f.f.result == errc::canceled
            || f.f.result == asio::error::operation_aborted,
        "it was asked by one of both");
}

template <bool InPlace>
void an_operation_is_bound_twice()
{
    fixture f;
    auto other = with_cancel(background(f.ioc));
    f.d.in_place = InPlace;
    f.d.wait(bind_context(f.c.ctx, bind_context(other.ctx, handler(f.f))));
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { other.cancel.cancel(); },
        [&] { poll(f.ioc); });
    f.finish();
    check(is_canceled(f.f), "it was asked by one of both");
}

// Who asks on behalf of the one does not ask while another does of the other.
void steps_are_bound_twice()
{
    fixture f;
    auto other = with_cancel(background(f.ioc));
    f.d.wait_as<device<>::long_initiation<void>>(
        bind_context(f.c.ctx, bind_context(other.ctx, handler(f.f))));
    f.ioc.poll();
    together(
        [&]
        {
            f.c.cancel.cancel();
            other.cancel.cancel();
        },
        [&] { poll(f.ioc); },
        [&] { poll(f.ioc); });
    f.finish();
    check(is_canceled(f.f), "it was asked");
}

// Two execution contexts.

void a_step_has_a_handler_elsewhere()
{
    fixture f;
    asio::io_context other;
    auto const own = other.get_executor();
    f.f.then = [&]
    {
        check(
            own.running_in_this_thread(), "the handler is where it should be");
    };
    f.d.in_place = true;
    f.d.when_asked = [&]
    {
        check(f.d.ex.running_in_this_thread(), "so is the request");
        f.d.ev.fire(asio::error::operation_aborted);
        other.restart();
        other.poll();
        check(f.f.called == 0 && !other.stopped(), "it counts as work");
    };
    f.d.wait(bind_context(f.c.ctx, asio::bind_executor(own, handler(f.f))));
    together(
        [&] { f.c.cancel.cancel(); },
        [&]
        {
            poll(f.ioc);
            poll(other);
        });
    f.finish();
    other.poll();
    check(is_canceled(f.f), "it was asked");
}

void steps_run_elsewhere_beside_a_cancel()
{
    fixture f;
    asio::io_context other;
    asio::executor_work_guard<io_executor> const work(other.get_executor());
    auto const own = other.get_executor();
    f.f.then = [&]
    {
        check(
            own.running_in_this_thread(), "the handler is where it should be");
    };
    f.d.when_asked = [&]
    {
        check(own.running_in_this_thread(), "so is the request");
        f.d.ev.fire(asio::error::operation_aborted);
    };
    f.d.wait_as<device<>::long_initiation<void>>(
        bind_context(f.c.ctx, asio::bind_executor(own, handler(f.f))));
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { poll(f.ioc); },
        [&] { poll(other); });
    for (int i = 0; i != 3; ++i)
    {
        f.finish();
        other.poll();
    }
    check(is_canceled(f.f) && f.d.times == 1, "it was asked");
}

void a_handler_has_a_strand()
{
    fixture f;
    auto const own = asio::make_strand(f.ioc);
    f.d.when_asked = [&]
    {
        check(own.running_in_this_thread(), "it is asked there");
        f.d.ev.fire(asio::error::operation_aborted);
    };
    f.d.wait(bind_context(f.c.ctx, asio::bind_executor(own, handler(f.f))));
    together(
        [&] { f.c.cancel.cancel(); },
        [&]
        {
            f.d.ev.fire();
            poll(f.ioc);
        },
        [&] { poll(f.ioc); });
    f.finish();
    check(has_ended(f.f), "it has ended");
}

void an_object_has_a_strand()
{
    fixture f;
    auto const io = asio::make_strand(f.ioc);
    device d{io};
    d.f = &f.f;
    d.when_asked = [&]
    {
        check(io.running_in_this_thread(), "it is asked there");
        d.ev.fire(asio::error::operation_aborted);
    };
    d.wait(bind_context(
        f.c.ctx, asio::bind_executor(f.ioc.get_executor(), handler(f.f))));
    together(
        [&] { f.c.cancel.cancel(); },
        [&]
        {
            d.ev.fire();
            poll(f.ioc);
        },
        [&] { poll(f.ioc); });
    f.finish();
    check(has_ended(f.f), "it has ended");
}

// The operation's execution context is not that of the tree.
void the_context_is_of_another_root()
{
    fixture f;
    asio::io_context other;
    asio::executor_work_guard<io_executor> const work(other.get_executor());
    device d{other.get_executor()};
    d.f = &f.f;
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { d.wait(f.token()); },
        [&] { poll(other); });
    other.poll();
    check(is_canceled(f.f), "it was asked");
}

// The execution context goes, and operations with it.

struct dropping_service final : asio::execution_context::service
{
    using key_type = dropping_service;

    static inline asio::execution_context::id id;

    explicit dropping_service(asio::execution_context& c)
        : asio::execution_context::service(c)
    {
    }

    void shutdown() override
    {
        for (auto* e : events)
            if (e)
                e->drop();
    }

    event* events[1] = {};
};

struct mortal_fixture
{
    mortal_fixture()
    {
        d.f = &f;
        asio::use_service<dropping_service>(*ioc).events[0] = &d.ev;
        c.emplace(with_cancel(background(*ioc)));
    }

    turn_supply turns;
    std::optional<asio::io_context> ioc{std::in_place};
    fate f;
    device<> d{ioc->get_executor()};
    std::optional<cancelable> c;
};

void it_goes_beside_a_cancel()
{
    mortal_fixture f;
    f.d.wait(bind_context(f.c->ctx, handler(f.f)));
    together([&] { f.c->cancel.cancel(); }, [&] { f.ioc.reset(); });
    check(is_dropped(f.f), "the operation has gone with it");
}

void it_goes_beside_two_cancels()
{
    mortal_fixture f;
    auto child = with_cancel(f.c->ctx);
    f.d.wait(bind_context(child.ctx, handler(f.f)));
    together(
        [&] { f.c->cancel.cancel(); },
        [&] { child.cancel.cancel(); },
        [&] { f.ioc.reset(); });
    check(is_dropped(f.f), "the operation has gone with it");
}

void it_goes_with_a_request_that_comes_too_late()
{
    mortal_fixture f;
    f.d.in_place = true;
    f.d.wait(bind_context(f.c->ctx, handler(f.f)));
    together(
        [&] { f.c->cancel.cancel(); },
        [&]
        {
            f.d.ev.fire();
            f.ioc.reset();
        });
    check(is_called(f.f) || is_dropped(f.f), "it has ended or gone");
}

void it_goes_beside_a_cancel_of_another_root()
{
    mortal_fixture f;
    asio::io_context own;
    auto c = with_cancel(background(own));
    f.d.wait(bind_context(c.ctx, handler(f.f)));
    together([&] { c.cancel.cancel(); }, [&] { f.ioc.reset(); });
    check(is_dropped(f.f), "the operation has gone with it");
}

// An operation that cannot be canceled is let go once it was asked.
void an_operation_is_let_go_once_it_was_asked()
{
    fixture f;
    f.d.when_asked = []
    {
        explore::yield();
    };
    f.f.then = [&]
    {
        check(f.f.result || f.d.times <= 1, "it is not asked twice");
    };
    f.d.wait(detach_on_cancel(f.c.ctx, handler(f.f)));
    together(
        [&] { f.c.cancel.cancel(); },
        [&] { poll(f.ioc); },
        [&] { poll(f.ioc); });
    f.finish();
    check(is_canceled(f.f) && f.d.times == 1, "it was asked");
    f.d.ev.fire();
    f.finish();
}

// Results that cannot be kept.

struct not_kept
{
    not_kept() = default;

    not_kept(not_kept const&)
    {
        throw std::runtime_error("not kept");
    }
};

struct throwing_initiation : device<>::initiation
{
    template <class Handler>
    void operator()(Handler&& handler) const
    {
        using handler_type = std::decay_t<Handler>;
        auto* const p = d;
        handler_type h(std::forward<Handler>(handler));
        asio::get_associated_cancellation_slot(h)
            .template emplace<device<>::canceler>(p);
        p->ev.wait(
            [h = std::move(h)](error_code ec) mutable
            {
                not_kept const r;
                std::move(h)(ec, r);
            });
    }
};

void results_that_are_not_kept_lose_no_handler()
{
    fixture f;
    bool thrown = false;
    auto const fire = [&](error_code ec)
    {
        try
        {
            f.d.ev.fire(ec);
        }
        catch (std::runtime_error const&)
        {
            thrown = true;
        }
    };
    f.d.when_asked = [&]
    {
        fire(asio::error::operation_aborted);
    };
    auto token = f.token();
    asio::async_initiate<decltype(token), void(error_code, not_kept)>(
        throwing_initiation{{&f.d}}, token);
    together(
        [&] { f.c.cancel.cancel(); }, [&] { fire({}); }, [&] { poll(f.ioc); });
    f.finish();
    check(thrown ? is_dropped(f.f) : has_ended(f.f), "it has ended");
}

} // namespace

int main(int argc, char** argv)
{
    using namespace explore;
    using asioctx::detail::turn;
    constexpr std::uint64_t all = ~std::uint64_t{0};
    auto const leave_ignores_wants =
        misread("leave_ignores_wants", "turn.hpp", "leave", all ^ turn::wants);
    auto const arrive_ignores_held =
        misread("arrive_ignores_held", "turn.hpp", "arrive", all ^ turn::held);
    auto const queue_loses_the_context =
        skipped("queue_loses_the_context", op::rmw, "turn.hpp", "queue");
    auto const end_ignores_held =
        misread("end_ignores_held", "turn.hpp", "end_with", all ^ turn::held);
    auto const end_alone_ignores_others = misread(
        "end_alone_ignores_others", "turn.hpp", "end_alone", all ^ turn::flags);
    auto const end_is_not_marked = miswritten(
        "end_is_not_marked",
        op::rmw,
        "turn.hpp",
        "end_with",
        all ^ turn::ended);
    auto const depart_ignores_ended = misread(
        "depart_ignores_ended", "turn.hpp", "depart", all ^ turn::ended);
    auto const want_ignores_held =
        misread("want_ignores_held", "turn.hpp", "want", all ^ turn::held);
    auto const step_ignores_held =
        misread("step_ignores_held", "turn.hpp", "try_enter", all ^ turn::held);
    auto const wants_are_not_taken =
        skipped("wants_are_not_taken", op::rmw, "turn.hpp", "take_wanted");
    auto const request_is_forgotten = skipped(
        "request_is_forgotten", op::store, "bound_op.hpp", "set_missed");
    auto const lock_is_lost =
        replaced("lock_is_lost", op::rmw, "scope.hpp", "lock", all ^ 1);
    auto const queue_is_lost =
        replaced("queue_is_lost", op::rmw, "sync.hpp", "lock", 0);
    auto const end_is_not_seen =
        replaced("end_is_not_seen", op::rmw, "scope.hpp", "lock", all ^ 2);
    auto const want_is_lost = miswritten(
        "want_is_lost", op::rmw, "turn.hpp", "want", all ^ turn::wants);
    auto const steps_are_not_seen =
        replaced("steps_are_not_seen", op::load, "turn.hpp", "has_steps", 0);
    auto const gate_is_open = replaced(
        "gate_is_open", op::rmw, "execution_context_gate.hpp", "enter", 0);
    auto const gate_does_not_wait = replaced(
        "gate_does_not_wait",
        op::load,
        "execution_context_gate.cpp",
        "close",
        0,
        1);
    auto const turn_is_not_given_up = miswritten(
        "turn_is_not_given_up",
        op::store,
        "turn.hpp",
        "leave_alone",
        all,
        turn::held);
    auto const request_is_not_counted =
        skipped("request_is_not_counted", op::rmw, "turn.hpp", "add_ref");
    auto const generation_is_not_counted = miswritten(
        "generation_is_not_counted",
        op::rmw,
        "turn.hpp",
        "end_with",
        turn::flags);
    auto const end_is_relaxed =
        relaxed("end_is_relaxed", op::rmw, "turn.hpp", "end_with")
            .of_plain_memory();
    auto const leave_is_relaxed =
        relaxed("leave_is_relaxed", op::rmw, "turn.hpp", "leave")
            .of_plain_memory();
    auto const request_leaves_relaxed =
        relaxed("request_leaves_relaxed", op::rmw, "turn.hpp", "leave_request")
            .of_plain_memory();
    return explore::main(
        argc,
        argv,
        {
            {"a_step_completes_beside_a_cancel",
             a_step_completes_beside_a_cancel,
             {lock_is_lost}},
            {.name = "a_step_waits_beside_two_cancels",
             .run = a_step_waits_beside_two_cancels,
             .faults = {queue_loses_the_context, wants_are_not_taken},
             .stale = 0},
            {"a_step_is_initiated_beside_a_cancel",
             a_step_is_initiated_beside_a_cancel,
             {end_is_not_seen, leave_ignores_wants, turn_is_not_given_up}},
            {"a_step_is_initiated_beside_its_completion_and_a_cancel",
             a_step_is_initiated_beside_its_completion_and_a_cancel,
             {end_ignores_held,
              end_is_not_marked,
              depart_ignores_ended,
              end_is_relaxed}},
            {"a_step_completes_in_place_beside_a_cancel",
             a_step_completes_in_place_beside_a_cancel,
             {end_ignores_held,
              end_alone_ignores_others,
              request_is_not_counted,
              request_leaves_relaxed}},
            {.name = "a_step_completes_in_its_initiation_beside_a_cancel",
             .run = a_step_completes_in_its_initiation_beside_a_cancel,
             .preemptions = 3},
            {.name = "a_step_completes_when_asked_beside_its_end",
             .run = a_step_completes_when_asked_beside_its_end,
             .faults = {end_ignores_held},
             .stale = 0},
            {"a_step_is_dropped_beside_a_cancel",
             a_step_is_dropped_beside_a_cancel,
             {end_ignores_held,
              end_alone_ignores_others,
              request_is_not_counted}},
            {"a_step_is_dropped_when_asked", a_step_is_dropped_when_asked, {}},
            {.name = "steps_run_beside_a_cancel",
             .run = steps_run_beside_a_cancel,
             .faults =
                 {step_ignores_held, leave_ignores_wants, leave_is_relaxed},
             .stale = 0},
            {.name = "steps_begin_beside_their_initiation",
             .run = steps_begin_beside_their_initiation,
             .faults = {},
             .stale = 0},
            {.name = "an_operation_has_a_lock_of_its_own",
             .run = an_operation_has_a_lock_of_its_own,
             .faults = {},
             .stale = 0},
            {.name = "steps_begin_beside_a_cancel",
             .run = steps_begin_beside_a_cancel,
             .faults = {step_ignores_held},
             .stale = 0},
            {.name = "steps_end_beside_a_cancel",
             .run = steps_end_beside_a_cancel,
             .faults = {},
             .stale = 0},
            {.name = "steps_that_do_not_look_run_beside_a_cancel",
             .run = steps_that_do_not_look_run_beside_a_cancel<false>,
             .faults = {request_is_forgotten, step_ignores_held},
             .stale = 0},
            {.name = "steps_that_do_not_look_run_on_a_strand",
             .run = steps_that_do_not_look_run_beside_a_cancel<true>,
             .faults = {request_is_forgotten},
             .stale = 0},
            {.name = "a_step_fills_the_slot_beside_a_cancel",
             .run = a_step_fills_the_slot_beside_a_cancel<void>,
             .faults = {step_ignores_held, arrive_ignores_held, want_is_lost},
             .stale = 0},
            {.name = "a_step_fills_the_signal_beside_a_cancel",
             .run =
                 a_step_fills_the_slot_beside_a_cancel<asio::cancellation_slot>,
             .faults = {step_ignores_held, arrive_ignores_held, want_is_lost},
             .stale = 0},
            {.name = "the_slot_changes_beside_a_cancel",
             .run = the_slot_changes_beside_a_cancel,
             .faults = {want_is_lost, step_ignores_held},
             .stale = 0},
            {.name = "a_late_step_comes_beside_the_next_operation",
             .run = a_late_step_comes_beside_the_next_operation,
             .faults = {generation_is_not_counted},
             .preemptions = 3},
            {"a_coroutine_begins_beside_a_cancel",
             a_coroutine_begins_beside_a_cancel<true>,
             {leave_ignores_wants}},
            {"a_coroutine_is_spawned_beside_a_cancel",
             a_coroutine_begins_beside_a_cancel<false>,
             {leave_ignores_wants}},
            {"its_slot_asks_beside_the_context",
             its_slot_asks_beside_the_context,
             {wants_are_not_taken}},
            {"an_operation_is_bound_twice",
             an_operation_is_bound_twice<false>,
             {queue_is_lost}},
            {"an_operation_is_bound_twice_in_place",
             an_operation_is_bound_twice<true>,
             {end_ignores_held}},
            {.name = "steps_are_bound_twice",
             .run = steps_are_bound_twice,
             .faults = {want_ignores_held},
             .stale = 0},
            {"a_step_has_a_handler_elsewhere",
             a_step_has_a_handler_elsewhere,
             {end_ignores_held}},
            {"steps_run_elsewhere_beside_a_cancel",
             steps_run_elsewhere_beside_a_cancel,
             {steps_are_not_seen}},
            {"a_handler_has_a_strand", a_handler_has_a_strand, {}},
            {"an_object_has_a_strand", an_object_has_a_strand, {}},
            {"the_context_is_of_another_root",
             the_context_is_of_another_root,
             {end_is_not_seen}},
            {.name = "it_goes_beside_a_cancel",
             .run = it_goes_beside_a_cancel,
             .faults = {gate_is_open, gate_does_not_wait},
             .preemptions = 3},
            {.name = "it_goes_beside_two_cancels",
             .run = it_goes_beside_two_cancels,
             .faults = {gate_does_not_wait},
             .stale = 0},
            {.name = "it_goes_with_a_request_that_comes_too_late",
             .run = it_goes_with_a_request_that_comes_too_late,
             .faults = {},
             .preemptions = 3},
            {.name = "it_goes_beside_a_cancel_of_another_root",
             .run = it_goes_beside_a_cancel_of_another_root,
             .faults = {gate_is_open, gate_does_not_wait},
             .preemptions = 3},
            {.name = "an_operation_is_let_go_once_it_was_asked",
             .run = an_operation_is_let_go_once_it_was_asked,
             .faults = {wants_are_not_taken},
             .stale = 0,
             .ordered = true},
            {"results_that_are_not_kept_lose_no_handler",
             results_that_are_not_kept_lose_no_handler,
             {end_ignores_held}},
        });
}
