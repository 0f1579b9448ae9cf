// Suspending and resuming threads.
#include "suite.h"

static struct {
    struct header event;
    volatile uint32_t steps, stop;
} shared;

static void reset(void) {
    shared.steps = shared.stop = 0;
    KeInitializeEvent(&shared.event, AUTO_EVENT, 0);
}

static uint32_t count_until_stopped(uint32_t argument) {
    (void)argument;
    while (!shared.stop) {
        shared.steps++;
        NtYieldExecution();
    }
    return 0;
}

static uint32_t take_event(uint32_t argument) {
    (void)argument;
    uint32_t status = wait_for(&shared.event, &long_wait);
    shared.steps++;
    return status;
}

static void ke_counts(void) {
    reset();
    uint32_t thread = start(take_event, 0, ON(1));
    void *object = object_of(thread);
    settle();
    EXPECT(KeResumeThread(object), 0);
    EXPECT(KeSuspendThread(object), 0);
    EXPECT(KeSuspendThread(object), 1);
    EXPECT(FIELD(object, uint8_t, THREAD_SUSPEND_COUNT), 2);
    EXPECT(KeResumeThread(object), 2);
    EXPECT(KeResumeThread(object), 1);
    EXPECT(KeResumeThread(object), 0);
    EXPECT(FIELD(object, uint8_t, THREAD_SUSPEND_COUNT), 0);
    KeSetEvent(&shared.event, 0, 0);
    EXPECT(join(thread), SUCCESS);
}

static void nt_counts(void) {
    reset();
    uint32_t thread = start(take_event, 0, ON(1)), previous = 9;
    settle();
    EXPECT(NtSuspendThread(thread, &previous), SUCCESS);
    EXPECT(previous, 0);
    EXPECT(NtSuspendThread(thread, 0), SUCCESS);
    EXPECT(NtResumeThread(thread, &previous), SUCCESS);
    EXPECT(previous, 2);
    EXPECT(NtResumeThread(thread, &previous), SUCCESS);
    EXPECT(previous, 1);
    EXPECT(NtResumeThread(thread, &previous), SUCCESS);
    EXPECT(previous, 0);
    KeSetEvent(&shared.event, 0, 0);
    EXPECT(join(thread), SUCCESS);
}

static void limit(void) {
    reset();
    uint32_t thread = start(take_event, 0, ON(1)), previous = 9;
    for (uint32_t i = 0; i < 127; i++) {
        EXPECT(NtSuspendThread(thread, &previous), SUCCESS);
        EXPECT(previous, i);
    }
    EXPECT(NtSuspendThread(thread, &previous), SUSPEND_COUNT_EXCEEDED);
    for (uint32_t i = 127; i > 0; i--) {
        EXPECT(NtResumeThread(thread, &previous), SUCCESS);
        EXPECT(previous, i);
    }
    KeSetEvent(&shared.event, 0, 0);
    EXPECT(join(thread), SUCCESS);
}

static void a_running_thread_stops(void) {
    reset();
    uint32_t thread = start(count_until_stopped, 0, ON(2));
    sleep_ms(2);
    EXPECT(shared.steps > 0, 1);
    EXPECT(NtSuspendThread(thread, 0), SUCCESS);
    sleep_ms(1);
    uint32_t steps = shared.steps;
    sleep_ms(5);
    EXPECT(shared.steps, steps);
    EXPECT(NtResumeThread(thread, 0), SUCCESS);
    sleep_ms(5);
    EXPECT(shared.steps > steps, 1);
    shared.stop = 1;
    EXPECT(join(thread), 0);
}

static void a_waiting_thread_takes_and_stays(void) {
    reset();
    uint32_t thread = start(take_event, 0, ON(3));
    settle();
    NtSuspendThread(thread, 0);
    KeSetEvent(&shared.event, 0, 0);
    settle();
    EXPECT(shared.steps, 0);
    EXPECT(wait_handle(thread, &no_wait), TIMEOUT);
    NtResumeThread(thread, 0);
    EXPECT(join(thread), SUCCESS);
    EXPECT(shared.steps, 1);
    EXPECT(shared.event.state, 0);
}

static uint32_t suspend_itself(uint32_t argument) {
    (void)argument;
    uint32_t previous = 9;
    shared.steps = 1;
    NtSuspendThread(0xFFFFFFFE, &previous);
    shared.steps = 2;
    return previous;
}

static void by_itself(void) {
    reset();
    uint32_t thread = start(suspend_itself, 0, ON(4)), previous = 9;
    settle();
    EXPECT(shared.steps, 1);
    EXPECT(NtResumeThread(thread, &previous), SUCCESS);
    EXPECT(previous, 1);
    EXPECT(join(thread), 0);
    EXPECT(shared.steps, 2);
}

static uint32_t end_at_once(uint32_t argument) { return argument; }

static void ended(void) {
    uint32_t thread = start(end_at_once, 0, ON(1));
    EXPECT(wait_handle(thread, &long_wait), SUCCESS);
    EXPECT(NtSuspendThread(thread, 0), THREAD_IS_TERMINATING);
    NtClose(thread);
    EXPECT(NtSuspendThread(thread, 0), INVALID_HANDLE);
}

SUBJECT(suspension, {"ke_counts", ke_counts}, {"nt_counts", nt_counts}, {"limit", limit},
        {"a_running_thread_stops", a_running_thread_stops},
        {"a_waiting_thread_takes_and_stays", a_waiting_thread_takes_and_stays}, {"by_itself", by_itself},
        {"ended", ended});
