#pragma once
#include <corecrt.h>
class type_info
{
public:
    size_t hash_code() const noexcept;
    bool operator==(type_info const&) const noexcept;
    bool before(type_info const&) const noexcept;
    char const* name() const noexcept;
    virtual ~type_info();
};
namespace std {
using ::type_info;
} // namespace std
