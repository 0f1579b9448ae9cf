// Starts threads, waits for them, and keeps account.
#include "crew.h"

static uint32_t wrong;

uint32_t finish(uint32_t thread) {
    void *object = object_of(thread);
    if (!object || wait_handle(thread, 0) != SUCCESS) return NOT_ENDED;
    uint32_t code = FIELD(object, uint32_t, THREAD_EXIT_STATUS);
    return NtClose(thread) == SUCCESS ? code : NOT_ENDED;
}

uint32_t on_all(uint32_t (*routine)(uint32_t cpu)) {
    uint32_t threads[CREW], failed = 0;
    for (uint32_t i = 0; i < CREW; i++) threads[i] = start(routine, i, ON(i));
    for (uint32_t i = 0; i < CREW; i++) failed += finish(threads[i]) != 0;
    return failed;
}

void expect_count(const char *name, uint32_t got, uint32_t expected) {
    wrong += got != expected;
    DbgPrint("%s %u of %u %s\n", name, got, expected, got == expected ? "ok" : "WRONG");
}

uint32_t wrong_counts(void) { return wrong; }
