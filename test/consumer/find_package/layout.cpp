// What any program includes: to be linked with a library that was built
// otherwise.
#include <asioctx/context.hpp>

int main()
{
}
