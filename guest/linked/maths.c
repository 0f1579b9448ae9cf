// A library that a title and another library import from. It counts turns from 1 on,
// and its entry takes the first.
#include "library.h"

static uint32_t turns;

uint32_t library_entry(uint32_t handle, uint32_t reason, uint32_t reserved) {
    (void)handle, (void)reserved;
    turns += reason == COMES;
    return ACCEPTED;
}

uint32_t maths_next(void) { return ++turns; }
uint32_t maths_square(uint32_t number) { return number * number; }

EXPORT(1, maths_next);
EXPORT(2, maths_square);
