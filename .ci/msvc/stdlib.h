#pragma once
#include_next <stdlib.h>
extern "C" float __cdecl _strtof_l(char const*, char**, _locale_t);
extern "C" long double __cdecl _strtold_l(char const*, char**, _locale_t);
