// Common code of the hostile titles: a large piece of memory, and the report
// of how often they were refused.
#pragma once
#include "kernel.h"
#include "runtime.h"

#define SUCCESS 0
#define CURRENT_THREAD 0xFFFFFFFEu
#define MEMORY 0x08000000u
// Calls of titles that make the same one again and again: more than their largest limit, 65,536.
#define CALLS 100000u

// 128 MiB that can be written.
static inline uint8_t *much_memory(void) {
    void *base = 0;
    uint32_t size = MEMORY;
    // Large pages, reserved and committed.
    return NtAllocateVirtualMemory(&base, &size, 0x20003000, 4, 0) == SUCCESS ? base : 0;
}

static inline void nothing(void) {}
