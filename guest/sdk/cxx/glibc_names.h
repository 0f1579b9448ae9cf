// Names of glibc that the headers of Debian's libstdc++ expect and musl lacks:
// included first in each C++ file.
#pragma once

#define __GLIBC_PREREQ(major, minor) 1

typedef struct __locale_struct *__locale_t;

// Bits of the tables that __ctype_b_loc gives, where bytes come in the order that words do.
enum {
    _ISupper = 1 << 0,
    _ISlower = 1 << 1,
    _ISalpha = 1 << 2,
    _ISdigit = 1 << 3,
    _ISxdigit = 1 << 4,
    _ISspace = 1 << 5,
    _ISprint = 1 << 6,
    _ISgraph = 1 << 7,
    _ISblank = 1 << 8,
    _IScntrl = 1 << 9,
    _ISpunct = 1 << 10,
    _ISalnum = 1 << 11,
};

// Waits until a time of a clock of one's choice: musl has none, so waits are
// until times of the system's clock.
#include <bits/c++config.h>
#undef _GLIBCXX_USE_PTHREAD_COND_CLOCKWAIT
#undef _GLIBCXX_USE_PTHREAD_MUTEX_CLOCKLOCK
#undef _GLIBCXX_USE_PTHREAD_RWLOCK_CLOCKLOCK
