//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_START_OPERATION_HPP
#define ASIOCTX_TEST_SUPPORT_START_OPERATION_HPP

#include <asioctx/config.hpp>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace asioctx::test {

// Starts an operation that is asked to stop inside cancel(), and then calls a
// function. Returns what completes it.
template <class Token>
std::function<void()> start_operation(
    std::function<void()> when_asked, Token&& token)
{
    std::function<void()> complete;
    asio::async_initiate<Token, void(error_code)>(
        [&](auto handler)
        {
            using type = decltype(handler);
            asio::get_associated_cancellation_slot(handler).assign(
                [when_asked](asio::cancellation_type) { when_asked(); });
            complete = [h = std::make_shared<type>(std::move(handler))]
            {
                std::move (*h)(asio::error::operation_aborted);
            };
        },
        token);
    return complete;
}

} // namespace asioctx::test

#endif
