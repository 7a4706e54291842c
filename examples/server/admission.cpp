//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include "admission.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <utility>

namespace example {

void admission::start(asioctx::context const& root)
{
    limiter_.emplace(root, limit_, options_);
}

//[admit
asio::awaitable<asioctx::limiter::permit> admission::admit(asioctx::context ctx)
{
    auto [ec, permit] = co_await limiter_->async_acquire(
        ctx, asio::as_tuple(asio::use_awaitable));
    if (ec == asioctx::overloaded)
        throw refused(
            "There are too many requests.",
            std::max(
                std::chrono::ceil<std::chrono::seconds>(
                    limiter_->report().expected_wait),
                std::chrono::seconds(1)));
    if (ec)
        throw boost::system::system_error(ec);
    co_return std::move(permit);
}
//]

std::string admission::report() const
{
    auto const r = limiter_->report();
    std::ostringstream os;
    os << "limit " << r.limit << ", in use " << r.in_use << ", queued "
       << r.queued << ", admitted " << r.admitted << ", queue full "
       << r.rejected_full << ", too late " << r.rejected_late << ", expired "
       << r.expired << ", canceled " << r.canceled;
    return os.str();
}

} // namespace example
