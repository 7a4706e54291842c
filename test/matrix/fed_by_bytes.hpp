//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_MATRIX_FED_BY_BYTES_HPP
#define ASIOCTX_TEST_MATRIX_FED_BY_BYTES_HPP

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <cstddef>

#include "matrix/matrix.hpp"
#include "support/sockets.hpp"

namespace asioctx::test {

// Reads from a socket to which the other side sends Derived::text, a byte at a
// time.
template <class Derived>
struct fed_by_bytes : subject_of<Derived>
{
    using subject_of<Derived>::subject_of;

    bool feed() override
    {
        if (sent == Derived::text.size())
            return false;
        asio::write(pair.peer, asio::buffer(&Derived::text[sent++], 1));
        return true;
    }

    bool feeds_ahead() const override
    {
        return true;
    }

    // The rest of what was sent is still to come.
    void renew() override
    {
        while (feed())
            ;
        drain(pair.socket);
        sent = 0;
    }

    stream_pair pair{this->ioc_};
    std::size_t sent = 0;
};

} // namespace asioctx::test

#endif
