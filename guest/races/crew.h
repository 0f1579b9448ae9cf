// A thread on each hardware thread, and what they have to agree about.
#pragma once
#include "../sync-suite/atomic.h"
#include "../sync-suite/suite.h"
#include "settings.h"

enum { CREW = 6 };

// Runs the routine on each hardware thread, with its number, until all have ended, however long
// that takes; how many did not return 0.
uint32_t on_all(uint32_t (*routine)(uint32_t cpu));
// Waits for a thread's end without a limit, closes its handle and returns its exit code.
uint32_t finish(uint32_t thread);

// Says how a count came out, and remembers it if it is wrong.
void expect_count(const char *name, uint32_t got, uint32_t expected);
// How many counts were wrong.
uint32_t wrong_counts(void);

static inline uint32_t random(uint32_t *state) {
    *state = *state * 1664525 + 1013904223;
    return *state >> 16;
}
