// Comparisons of the retail title.
#include "retail.h"

volatile uint32_t faults;

void expect_at(uint32_t line, uint32_t got, uint32_t expected) {
    if (got == expected) return;
    __atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
    DbgPrint("wrong: line %u has %#x, not %#x\n", line, got, expected);
}
