// A library that does not want to come.
#include "library.h"

uint32_t library_entry(uint32_t handle, uint32_t reason, uint32_t reserved) {
    (void)handle, (void)reason, (void)reserved;
    return REFUSED;
}

EXPORT(1, library_entry);
