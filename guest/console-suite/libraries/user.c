// A library that imports from another one, in pages of 4 KiB.
#include "library.h"

uint32_t counter_add(uint32_t amount);

uint32_t library_entry(uint32_t handle, uint32_t reason, uint32_t reserved) {
    (void)handle, (void)reserved;
    // The library that it imports from is loaded before it and unloaded after it.
    counter_add(reason == COMES ? 100 : 1);
    return ACCEPTED;
}

uint32_t user_twice(uint32_t amount) { return counter_add(amount) + counter_add(amount); }

EXPORT(1, user_twice);
