#pragma once
#include <corecrt.h>
namespace std {
enum class align_val_t : size_t
{
};
struct nothrow_t
{
    explicit nothrow_t() = default;
};
extern nothrow_t const nothrow;
} // namespace std
void* operator new(size_t, std::nothrow_t const&) noexcept;
void* operator new[](size_t, std::nothrow_t const&) noexcept;
void* operator new(size_t, std::align_val_t, std::nothrow_t const&) noexcept;
inline void* operator new(size_t, void* p) noexcept
{
    return p;
}
inline void operator delete(void*, void*) noexcept
{
}
