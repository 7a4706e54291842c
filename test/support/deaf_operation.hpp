//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_SUPPORT_DEAF_OPERATION_HPP
#define ASIOCTX_TEST_SUPPORT_DEAF_OPERATION_HPP

#include <asioctx/config.hpp>

#include <boost/asio/async_result.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace asioctx::test {

// Without a name: or else the operation would be called test::deaf_operation.
namespace {

// An operation that does not hear, and waits until it is told to end.
struct deaf_operation
{
    std::function<void()>* end;

    template <class Handler>
    void operator()(Handler handler) const
    {
        *end = [h = std::make_shared<Handler>(std::move(handler))]
        {
            std::move (*h)(error_code());
        };
    }
};

template <class Token>
auto async_deaf(std::function<void()>& end, Token&& token)
{
    return asio::async_initiate<Token, void(error_code)>(
        deaf_operation{&end}, token);
}

} // namespace
} // namespace asioctx::test

#endif
