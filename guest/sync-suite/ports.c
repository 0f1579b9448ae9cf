// Completion ports: order, time limits, and who is woken.
#include "suite.h"

static uint32_t port;
static volatile uint32_t sum;

static void first_in_first_out(void) {
    uint32_t key = 0, context = 0, status[2] = {9, 9};
    EXPECT(NtCreateIoCompletion(&port, 0, 0, 0), SUCCESS);
    EXPECT(NtRemoveIoCompletion(port, &key, &context, status, &no_wait), TIMEOUT);
    for (uint32_t i = 1; i <= 3; i++) EXPECT(NtSetIoCompletion(port, i, 10 * i, 0x100 + i, 0x200 + i), SUCCESS);
    for (uint32_t i = 1; i <= 3; i++) {
        EXPECT(NtRemoveIoCompletion(port, &key, &context, status, 0), SUCCESS);
        EXPECT(key, i);
        EXPECT(context, 10 * i);
        EXPECT(status[0], 0x100 + i);
        EXPECT(status[1], 0x200 + i);
    }
    EXPECT(NtRemoveIoCompletion(port, &key, &context, status, &no_wait), TIMEOUT);
    NtClose(port);
}

static uint32_t serve(uint32_t argument) {
    (void)argument;
    uint32_t key = 0, context = 0, status[2];
    for (;;) {
        if (NtRemoveIoCompletion(port, &key, &context, status, &long_wait) != SUCCESS) return 1;
        if (key == 0) return 0;
        sum += key;
    }
}

static void served_by_threads(void) {
    uint32_t threads[3];
    sum = 0;
    NtCreateIoCompletion(&port, 0, 0, 0);
    // On one hardware thread, as they count without a lock.
    for (int i = 0; i < 3; i++) threads[i] = start(serve, 0, ON(2));
    settle();
    for (uint32_t i = 1; i <= 30; i++) NtSetIoCompletion(port, i, 0, 0, 0);
    for (int i = 0; i < 3; i++) NtSetIoCompletion(port, 0, 0, 0, 0);
    for (int i = 0; i < 3; i++) EXPECT(join(threads[i]), 0);
    EXPECT(sum, 30 * 31 / 2);
    NtClose(port);
}

SUBJECT(ports, {"first_in_first_out", first_in_first_out}, {"served_by_threads", served_by_threads});
