// The library that the retail title imports from.
#include "../console-suite/libraries/library.h"

static uint32_t loads;

uint32_t library_entry(uint32_t handle, uint32_t reason, uint32_t reserved) {
    (void)handle, (void)reserved;
    loads += reason == COMES;
    return ACCEPTED;
}

uint32_t retail_loads(void) { return loads; }
uint32_t retail_checksum(const uint8_t *bytes, uint32_t size) {
    uint32_t sum = 1;
    while (size--) sum = sum * 31 + *bytes++;
    return sum;
}

EXPORT(1, retail_loads);
EXPORT(2, retail_checksum);
