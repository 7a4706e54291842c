//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#ifndef ASIOCTX_TEST_MATRIX_MYSQL_RELAY_HPP
#define ASIOCTX_TEST_MATRIX_MYSQL_RELAY_HPP

#include <asioctx/config.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace asioctx::test {

// Stands between the client and the server. It waits for the server as long as
// that takes, but passes on half a packet at a time, and only when told: what
// the client finds does not depend on how fast the server is.
class mysql_relay
{
public:
    enum command : char
    {
        query = 0x03,
        ping = 0x0e,
        prepare = 0x16,
        execute = 0x17,
    };

    mysql_relay(asio::io_context& ioc, std::string const& server)
        : server_address_(server), address_(server + ".relay"),
          acceptor_(ioc, bind_anew(address_)), client_(ioc), server_(ioc)
    {
        acceptor_.non_blocking(true);
    }

    ~mysql_relay()
    {
        ::unlink(address_.c_str());
    }

    std::string const& address() const
    {
        return address_;
    }

    // Sends a command that the client is going to send, so that the answer can
    // be there before the client looks for it.
    void send_ahead(command c, std::string_view text)
    {
        take();
        ahead_ = {static_cast<char>(1 + text.size()), 0, 0, 0, c};
        ahead_ += text;
        send(ahead_);
    }

    // Passes on what the client has sent, and half a packet of the answers to
    // the client. False if there is none to come.
    bool pass_half()
    {
        take();
        if (half_.empty())
        {
            if (owed_ == 0)
                return false;
            --owed_;
            half_ = read_from_server(header_size);
            asio::write(client_, asio::buffer(half_));
            half_ = read_from_server(packet_size(half_) - header_size);
        }
        else
            asio::write(client_, asio::buffer(std::exchange(half_, {})));
        return true;
    }

    // Throws away what the client has sent. False if that is nothing.
    bool drop()
    {
        receive();
        return !std::exchange(received_, {}).empty();
    }

private:
    static constexpr std::size_t header_size = 4;

    using protocol = asio::local::stream_protocol;

    static protocol::endpoint bind_anew(std::string const& address)
    {
        ::unlink(address.c_str());
        return address;
    }

    static std::size_t packet_size(std::string_view p)
    {
        auto const byte = [&](std::size_t i)
        {
            return std::size_t(static_cast<unsigned char>(p[i]));
        };
        return header_size + (byte(0) | byte(1) << 8 | byte(2) << 16);
    }

    // With how many packets the server answers, if a query is for one number.
    static int answers_to(std::string_view packet)
    {
        bool const logs_in = packet[3] != 0;
        if (logs_in)
            return 1;
        switch (packet[header_size])
        {
        case query:
        case execute:
            return 4; // the count of columns, the column, the row, the end
        case prepare:
            return 2; // the statement, the column
        case ping:
            return 1;
        default:
            return 0;
        }
    }

    std::string read_from_server(std::size_t size)
    {
        std::string bytes(size, 0);
        asio::read(server_, asio::buffer(bytes));
        return bytes;
    }

    void send(std::string_view packet)
    {
        asio::write(server_, asio::buffer(packet));
        owed_ += answers_to(packet);
    }

    void take()
    {
        receive();
        while (received_.size() >= header_size
               && received_.size() >= packet_size(received_))
        {
            auto const packet = received_.substr(0, packet_size(received_));
            received_.erase(0, packet.size());
            if (ahead_.empty())
                send(packet);
            else if (std::exchange(ahead_, {}) != packet)
                throw std::logic_error("not what was sent ahead");
        }
    }

    void receive()
    {
        error_code ec;
        // A client may have given up and connected anew.
        protocol::socket newer(acceptor_.get_executor());
        while (!acceptor_.accept(newer, ec))
            start_session(std::move(newer));
        std::array<char, 65536> buffer;
        while (client_.is_open())
        {
            auto const n = client_.read_some(asio::buffer(buffer), ec);
            if (ec == asio::error::would_block)
                break;
            if (ec)
                client_.close();
            received_.append(buffer.data(), n);
        }
    }

    // The server speaks first.
    void start_session(protocol::socket client)
    {
        client_ = std::move(client);
        client_.non_blocking(true);
        server_ = protocol::socket(acceptor_.get_executor());
        server_.connect(server_address_);
        owed_ = 1;
        half_.clear();
        received_.clear();
        ahead_.clear();
    }

    std::string const server_address_;
    std::string const address_;
    protocol::acceptor acceptor_;
    protocol::socket client_;
    protocol::socket server_;
    int owed_ = 0;     // packets that the server has still to send
    std::string half_; // of a packet, the rest
    std::string received_;
    std::string ahead_; // what the client will send, and the server has
};

} // namespace asioctx::test

#endif
