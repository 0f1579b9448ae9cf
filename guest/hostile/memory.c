// Allocates and fills memory until there is no more.
#include "hostile.h"

int main(void) {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < 4096; i++) {
        void *base = 0;
        uint32_t size = 0x100000;
        if (NtAllocateVirtualMemory(&base, &size, 0x20003000, 4, 0) != SUCCESS) continue;
        memset(base, 1, size);
        bytes += size;
    }
    DbgPrint("%u MiB\n", bytes >> 20);
    return 0;
}
