// expect: detach_on_cancel: the operation's signature must begin with
//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/detach_on_cancel.hpp>

#include <boost/asio/async_result.hpp>

namespace asio = boost::asio;

#ifdef ASIOCTX_EXPECT_PASS
using signature = void(asioctx::error_code, int);
#else
using signature = void(int);
#endif

struct initiate
{
    template <class Handler>
    void operator()(Handler&&) const
    {
    }
};

template <class Token>
auto start(Token&& token)
{
    return asio::async_initiate<Token, signature>(initiate(), token);
}

int main()
{
    start(asioctx::detach_on_cancel(asioctx::background(), [](auto&&...) {}));
}
