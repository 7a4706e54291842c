//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "matrix/matrix.hpp"

#include <asioctx/cancel.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/channel_error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// The lines that run_matrix() prints, with a tab between the fields:
//
//   family, operation, type of the request
//   outcome: canceled, aborted (the error is Asio's own), ignored, or an error;
//            success, of an operation that cannot have succeeded; or what the
//            subject says
//   usable:  whether the operation then succeeds on the same object: "yes",
//            "no", or "not always" if that depends on the step; "-" if the
//            request was ignored, or success cannot be had
//   steps:   whether a request is honored that is made after the n-th of all
//            handlers, for every n; see verdict()
//   asio:    the same with a plain cancellation_signal instead of a context
//   detail:  for people: a letter for each step, see letter(), without and with
//            the other side's part done beforehand, for each of askers

namespace asioctx::test {

namespace {

bool all_right = true;

void complain(operation const& op, std::string const& what)
{
    std::fprintf(stderr, "%s, %s: %s\n", op.family, op.name, what.c_str());
    all_right = false;
}

// No more than a bound for what ends by itself.
constexpr auto patience = std::chrono::seconds(20);

// One operation with all that it needs.
class run
{
public:
    run(operation const& op,
        asio::cancellation_type_t type,
        bool moving = false)
        : op_(op), type_(type), work_(ioc_.get_executor()),
          root_(background(ioc_)), c_(with_cancel(root_)),
          subject_((moving && op.make_moving ? op.make_moving : op.make)(ioc_))
    {
        subject_->pause();
    }

    void start_bound()
    {
        subject_->cancel_amid = [this]
        {
            c_.cancel();
        };
        subject_->start(bind_context(c_.ctx, type_, recorder(ending_)));
        bound_ = true;
    }

    void start_bare()
    {
        subject_->cancel_amid = [this]
        {
            signal_.emit(type_);
        };
        subject_->start(
            asio::bind_cancellation_slot(signal_.slot(), recorder(ending_)));
        bound_ = false;
    }

    void cancel()
    {
        if (bound_)
            c_.cancel();
        else
            signal_.emit(type_);
    }

    bool ended() const
    {
        return ending_.calls != 0;
    }

    // Runs what is ready, or no more than one handler.
    std::size_t poll(bool all)
    {
        try
        {
            return all ? ioc_.poll() : ioc_.poll_one();
        }
        catch (boost::system::system_error const&)
        {
            escaped_ = true;
            return 1;
        }
    }

    // An exception has come out of run().
    bool escaped() const
    {
        return escaped_;
    }

    // Calls a function in a handler.
    template <class F>
    void call_inside(F& f)
    {
        bool called = false;
        asio::post(
            ioc_,
            [&]
            {
                f();
                called = true;
            });
        // NOLINTNEXTLINE(bugprone-infinite-loop): it is, by a handler
        while (!called)
            poll(false);
    }

    // Runs one handler, having the other side do something if there is none.
    // False if nothing more will happen.
    bool step()
    {
        if (poll(false) != 0)
            return true;
        if (ended())
            return false;
        if (op_.side != other_side::by_itself)
            return feed();
        subject_->resume();
        bool const any = ioc_.run_one_for(patience) != 0;
        subject_->pause();
        return any;
    }

    // Runs what is ready. What ends by itself, and cannot be kept from that, is
    // given time to.
    void settle()
    {
        if (op_.side == other_side::by_itself && !subject_->can_pause())
            wait();
        poll(true);
    }

    // Has the other side do everything.
    void finish()
    {
        subject_->resume();
        if (op_.side == other_side::by_itself)
            wait();
        do
            settle();
        while (!ended() && feed());
        settle();
        subject_->pause();
    }

    void wait()
    {
        while (!ended() && ioc_.run_one_for(patience) != 0)
            ;
    }

    bool feed()
    {
        if (op_.side != other_side::fed || !subject_->feed())
            return false;
        ++feeds_;
        return true;
    }

    bool feeds_ahead() const
    {
        return subject_->feeds_ahead();
    }

    void feed_everything()
    {
        while (feed())
            ;
    }

    int feeds() const
    {
        return feeds_;
    }

    ending const& end() const
    {
        return ending_;
    }

    bool succeeded() const
    {
        return ended() && !ending_.error && !ending_.failed_otherwise;
    }

    bool cannot_succeed() const
    {
        return op_.side == other_side::none;
    }

    // See subject.
    std::string canceled_otherwise() const
    {
        return ended() ? subject_->canceled_otherwise() : std::string();
    }

    bool was_canceled() const
    {
        return ended()
            && (!canceled_otherwise().empty()
                || ending_.error == make_error_code(errc::canceled)
                || ending_.error == asio::error::operation_aborted
                || ending_.error
                    == asio::experimental::error::channel_cancelled);
    }

    // Whether nothing is lost, and the operation succeeds when it is started
    // again.
    bool usable()
    {
        bool const kept = subject_->kept();
        subject_->renew();
        ending_ = {};
        subject_->cancel_amid = nullptr;
        subject_->start(bind_context(root_, type_, recorder(ending_)));
        finish();
        return kept && succeeded() && subject_->good();
    }

    bool good()
    {
        return subject_->good();
    }

private:
    operation const& op_;
    asio::cancellation_type_t const type_;
    ending ending_;
    asio::cancellation_signal signal_;
    asio::io_context ioc_;
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    context root_;
    cancelable c_;
    std::unique_ptr<subject> subject_;
    bool bound_ = false;
    int feeds_ = 0;
    bool escaped_ = false;
};

// Whether a request that is made while the operation is initiated is honored.
bool cancels_amid(operation const& op)
{
    return std::string_view(op.name).find("while it") != std::string_view::npos;
}

// How often the other side must do something before the operation succeeds.
int count_feeds(operation const& op, bool moving)
{
    run r(op, asio::cancellation_type::terminal, moving);
    r.start_bound();
    r.finish();
    if (op.side != other_side::none && (moving || !op.make_moving)
        && !cancels_amid(op) && (!r.succeeded() || !r.good()))
        complain(op, "does not succeed: " + r.end().error.message());
    return r.feeds();
}

std::string outcome_of(run const& r)
{
    if (r.escaped())
        return "thrown out of run()";
    if (auto const how = r.canceled_otherwise(); !how.empty())
        return how;
    if (r.succeeded() && r.cannot_succeed())
        return "success";
    if (!r.ended() || r.succeeded())
        return "ignored";
    if (r.end().failed_otherwise)
        return "an exception";
    std::string const how =
        r.end().in_several ? ", in multiple_exceptions" : "";
    if (r.end().error == make_error_code(errc::canceled))
        return "canceled" + how;
    if (r.end().error == asio::error::operation_aborted)
        return "aborted" + how;
    return r.end().error.message() + how;
}

enum class input
{
    when_waited_for,
    beforehand,
};

// Who cancels: a context from outside of run(), so that the request is queued,
// or between two handlers, so that it comes at once; or a plain signal.
enum class asker
{
    outside,
    inside,
    plain,
};

constexpr asker askers[] = {asker::outside, asker::inside, asker::plain};

// Starts the operation.
void start(run& r, asker by, input in)
{
    if (in == input::beforehand)
        r.feed_everything();
    if (by == asker::plain)
        r.start_bare();
    else
        r.start_bound();
}

// The number of handlers that an operation takes which nobody cancels.
int count_handlers(operation const& op, asker by, input in)
{
    run r(op, asio::cancellation_type::terminal, true);
    start(r, by, in);
    int steps = 0;
    int const fed = r.feeds();
    while (!r.ended() && r.step())
        ++steps;
    return steps - (r.feeds() - fed);
}

// How often the operation was canceled, and how often it succeeded afterwards.
struct reuse
{
    void add(bool succeeded)
    {
        ++canceled;
        usable += succeeded;
    }

    char const* text() const
    {
        if (canceled == 0)
            return "-";
        return usable == 0 ? "no" : usable < canceled ? "not always" : "yes";
    }

    int canceled = 0;
    int usable = 0;
};

// Cancels after a number of handlers, of a total, and says what happens then:
//   c  the operation is canceled
//   s  it succeeds: it had all it needed, and few handlers were left to run,
//      the one that delivers the request among them
//   S  it had all it needed, but goes on for more steps than that and succeeds
//   l  it goes on until it waits for the other side, and is canceled after that
//   L  it goes on and succeeds with more from the other side
//   e  it ends with another error, or with an exception out of run()
//   -  it had ended before
constexpr int few = 4;
char letter(
    operation const& op,
    asio::cancellation_type_t type,
    asker by,
    input in,
    int handlers,
    int total,
    reuse& after)
{
    run r(op, type, true);
    bool before = false;
    auto const cancel_amid = [&]
    {
        start(r, by, in);
        for (int n = 0; n < handlers && !r.ended();)
        {
            int const fed = r.feeds();
            if (!r.step())
                break;
            n += r.feeds() == fed;
        }
        before = r.ended();
        r.cancel();
    };
    if (by == asker::inside)
        r.call_inside(cancel_amid);
    else
        cancel_amid();
    r.settle();
    char result = 'c';
    if (before)
        result = '-';
    else if (r.escaped())
        result = 'e';
    else if (!r.ended())
    {
        r.finish();
        if (r.canceled_otherwise().empty())
            result = r.was_canceled() ? 'l' : 'L';
    }
    else if (r.succeeded() && !r.was_canceled())
        result =
            in == input::when_waited_for || handlers + few >= total ? 's' : 'S';
    else if (!r.was_canceled())
        result = 'e';
    if (r.end().calls > 1)
        complain(op, "the handler was called more than once");
    if (r.end().calls == 0 && op.side != other_side::none && !r.escaped())
        complain(op, "the handler was not called");
    if (by != asker::plain && r.was_canceled() && op.side != other_side::none)
        after.add(r.usable());
    return result;
}

std::string letters(
    operation const& op,
    asio::cancellation_type_t type,
    asker by,
    input in,
    reuse& after)
{
    int const total = count_handlers(op, by, in);
    std::string result;
    for (int n = 0; n <= total; ++n)
        result += letter(op, type, by, in, n, total, after);
    return result;
}

// Where requests are honored, from best to worst.
constexpr char const* verdicts[] = {
    "every", "while it waits", "not before the first", "not every", "none"};

// An index of verdicts, given the letters without and with the other side's
// part done beforehand.
int verdict(std::string const& waiting, std::string const& ahead)
{
    constexpr std::string_view lost = "SlLe";
    auto const any = [&](std::string_view s)
    {
        return s.find_first_of(lost) != s.npos;
    };
    if (!any(waiting) && !any(ahead))
        return 0;
    if ((waiting + ahead).find('c') == std::string::npos)
        return 4;
    if (!any(waiting))
        return 1;
    bool const only_first = !any(std::string_view(waiting).substr(1))
        && (ahead.empty() || !any(std::string_view(ahead).substr(1)));
    return only_first ? 2 : 3;
}

void try_type(
    operation const& op,
    char const* type_name,
    asio::cancellation_type_t type,
    int feeds)
{
    std::string outcome;
    reuse after;
    std::string steps = "-";
    std::string asio = "-";
    std::string detail;
    {
        run r(op, type);
        r.start_bound();
        if (op.side == other_side::fed && feeds > 0 && !cancels_amid(op))
        {
            // Halfway.
            r.settle();
            for (int n = 0; n < feeds / 2; ++n)
            {
                r.feed();
                r.settle();
            }
        }
        if (!cancels_amid(op))
            r.cancel();
        r.settle();
        outcome = outcome_of(r);
        if (!r.ended() && !r.escaped())
        {
            r.finish();
            if (auto const how = r.canceled_otherwise(); !how.empty())
                outcome = how;
            else if (r.was_canceled())
                outcome = "late";
        }
        if (r.was_canceled() && op.side != other_side::none)
            after.add(r.usable());
    }
    if (cancels_amid(op))
    {
        run r(op, type);
        r.start_bare();
        r.settle();
        steps = outcome == "ignored" ? "none" : "every";
        asio = outcome_of(r) == "ignored" ? "none" : "every";
        r.finish();
    }
    else if (op.side != other_side::none || op.make_moving)
    {
        if (outcome != "ignored")
        {
            bool const feeds_ahead = run(op, type, true).feeds_ahead();
            int worst[2] = {};
            for (asker by : askers)
            {
                auto const waiting =
                    letters(op, type, by, input::when_waited_for, after);
                auto const ahead = feeds_ahead
                    ? letters(op, type, by, input::beforehand, after)
                    : std::string();
                auto& v = worst[by == asker::plain];
                v = std::max(v, verdict(waiting, ahead));
                detail.append(waiting).append(1, ' ');
                detail.append(ahead).append(1, ' ');
            }
            steps = verdicts[worst[0]];
            asio = verdicts[worst[1]];
        }
    }
    std::printf(
        "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
        op.family,
        op.name,
        type_name,
        outcome.c_str(),
        after.text(),
        steps.c_str(),
        asio.c_str(),
        detail.c_str());
    std::fflush(stdout);
}

} // namespace

int run_matrix(std::initializer_list<operation> operations)
{
    using type = asio::cancellation_type;
    for (auto const& op : operations)
    {
        int const feeds = count_feeds(op, false);
        if (op.make_moving)
            count_feeds(op, true);
        try_type(op, "terminal", type::terminal, feeds);
        try_type(op, "partial", type::partial, feeds);
        try_type(op, "total", type::total, feeds);
    }
    return all_right ? 0 : 1;
}

} // namespace asioctx::test
