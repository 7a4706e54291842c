//
// Copyright (c) 2026 The asioctx authors
//
// Distributed under the Boost Software License, Version 1.0. (See accompanying
// file LICENSE or copy at http://www.boost.org/LICENSE_1_0.txt)
//

#include <asioctx/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>

#include <string>
#include <string_view>

#if defined(__unix__) || defined(__APPLE__)
#include <cstring>
#endif

namespace asioctx {
namespace {

using boost::system::error_condition;

// The numbers of the categories are random, and never change: by them the errors
// of two copies of the library in one process are equal.

class error_category_type final : public boost::system::error_category
{
public:
    constexpr error_category_type() noexcept
        : boost::system::error_category(0xda1c8ec4d2da5bb2)
    {
    }

    char const* name() const noexcept override
    {
        return "asioctx";
    }

    std::string message(int value) const override
    {
        switch (static_cast<errc>(value))
        {
        case errc::canceled:
            return "Context canceled";
        case errc::deadline_exceeded:
            return "Context deadline exceeded";
        }
        return "Unknown error of asioctx";
    }

    error_condition default_error_condition(int value) const noexcept override
    {
        switch (static_cast<errc>(value))
        {
        case errc::canceled:
            return make_error_condition(
                boost::system::errc::operation_canceled);
        case errc::deadline_exceeded:
            return make_error_condition(boost::system::errc::timed_out);
        }
        return {value, *this};
    }

    // The generic conditions, the system's of the same meaning, and Beast's.
    bool equivalent(
        int value, error_condition const& c) const noexcept override
    {
        return default_error_condition(value) == c
            || is_equal(value, c.value(), c.category());
    }

    // What is one of our errors, as a condition.
    bool equivalent(error_code const& code, int value) const noexcept override
    {
        return code == error_code(value, *this)
            || code == default_error_condition(value)
            || is_equal(value, code.value(), code.category());
    }

private:
    // Whether another library's value means the same. The system's errors are
    // compared one by one, too: Asio without Boost has versions that do not know
    // their conditions. Beast is known by its name, for it need not be there; it
    // has one error, and one condition.
    bool is_equal(int value, int other,
        boost::system::error_category const& category) const noexcept
    {
        auto const e = static_cast<errc>(value);
        if (category == asio::error::get_system_category())
            return (e == errc::canceled
                       && other == asio::error::operation_aborted)
                || (e == errc::deadline_exceeded
                    && other == asio::error::timed_out)
                || category.default_error_condition(other)
                == default_error_condition(value);
        return e == errc::deadline_exceeded && other == 1
            && std::string_view(category.name()) == "boost.beast";
    }
};

class signal_category_type final : public boost::system::error_category
{
public:
    constexpr signal_category_type() noexcept
        : boost::system::error_category(0xda609b1def0a55fa)
    {
    }

    char const* name() const noexcept override
    {
        return "asioctx.signal";
    }

    std::string message(int value) const override
    {
#if defined(__unix__) || defined(__APPLE__)
        if (char const* text = ::strsignal(value))
            return text;
#endif
        return "Signal " + std::to_string(value);
    }
};

} // namespace

boost::system::error_category const& error_category() noexcept
{
    static error_category_type const instance;
    return instance;
}

boost::system::error_category const& signal_category() noexcept
{
    static signal_category_type const instance;
    return instance;
}

} // namespace asioctx
