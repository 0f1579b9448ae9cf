// Dynamic thread-local storage.
#include "suite.h"

static struct {
    uint32_t index;
    struct header go;
    volatile uint32_t ready;
} shared;

static void slots(void) {
    uint32_t first = KeTlsAlloc(), second = KeTlsAlloc();
    EXPECT(first != 0xFFFFFFFF && second != 0xFFFFFFFF && first != second, 1);
    EXPECT(KeTlsGetValue(first), 0);
    EXPECT(KeTlsSetValue(first, 0x11), 1);
    EXPECT(KeTlsSetValue(second, 0x22), 1);
    EXPECT(KeTlsGetValue(first), 0x11);
    EXPECT(KeTlsGetValue(second), 0x22);
    EXPECT(KeTlsFree(first), 1);
    EXPECT(KeTlsFree(first), 0);
    // The next to take it finds it empty.
    EXPECT(KeTlsAlloc(), first);
    EXPECT(KeTlsGetValue(first), 0);
    EXPECT(KeTlsGetValue(second), 0x22);
    EXPECT(KeTlsFree(first), 1);
    EXPECT(KeTlsFree(second), 1);
}

static void beyond_the_last(void) {
    EXPECT(KeTlsGetValue(0x100000), 0);
    EXPECT(KeTlsSetValue(0x100000, 1), 0);
    EXPECT(KeTlsFree(0x100000), 0);
}

static uint32_t keep_own(uint32_t argument) {
    if (KeTlsGetValue(shared.index) != 0) return 1;
    KeTlsSetValue(shared.index, argument);
    for (int i = 0; i < 20; i++) {
        NtYieldExecution();
        if (KeTlsGetValue(shared.index) != argument) return 2;
    }
    return 0;
}

static void each_thread_its_own(void) {
    uint32_t threads[6];
    shared.index = KeTlsAlloc();
    KeTlsSetValue(shared.index, 0x99);
    for (uint32_t i = 0; i < 6; i++) threads[i] = start(keep_own, i + 1, ON(i));
    for (uint32_t i = 0; i < 6; i++) EXPECT(join(threads[i]), 0);
    EXPECT(KeTlsGetValue(shared.index), 0x99);
    KeTlsFree(shared.index);
}

static uint32_t set_and_look_again(uint32_t argument) {
    (void)argument;
    KeTlsSetValue(shared.index, 0x55);
    wait_for(&shared.go, &long_wait);
    return KeTlsGetValue(shared.index);
}

static void taken_anew_it_is_empty_everywhere(void) {
    shared.index = KeTlsAlloc();
    KeInitializeEvent(&shared.go, MANUAL_EVENT, 0);
    uint32_t thread = start(set_and_look_again, 0, ON(1));
    settle();
    KeTlsFree(shared.index);
    EXPECT(KeTlsAlloc(), shared.index);
    KeSetEvent(&shared.go, 0, 0);
    EXPECT(join(thread), 0);
    KeTlsFree(shared.index);
}

SUBJECT(tls, {"slots", slots}, {"beyond_the_last", beyond_the_last},
        {"each_thread_its_own", each_thread_its_own},
        {"taken_anew_it_is_empty_everywhere", taken_anew_it_is_empty_everywhere});
