// A header: what is not inline here is another one in each file.

inline constexpr asioctx::context_key<int> good_header_key;
constexpr asioctx::context_key<int> header_key;
// CHECK-MESSAGES: :[[@LINE-1]]:37: warning: the key 'header_key' is another one in each file that includes this header: it must be inline [asioctx-key]
extern asioctx::context_key<int> const declared_key;

struct keys
{
    static constexpr asioctx::context_key<int> member;
};
