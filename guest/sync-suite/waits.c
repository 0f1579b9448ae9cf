// Waits: for one, for any, for all, with time limits, with a signal first; what they return and what they take.
#include "suite.h"

static uint64_t system_time(void) {
    uint64_t now = 0;
    KeQuerySystemTime(&now);
    return now;
}

enum { MOST = 64 };
static struct header events[MOST + 1];
static void *pointers[MOST + 1];
static uint32_t handles[MOST + 1];
// Room for the wait blocks of the largest wait.
static uint8_t blocks[MOST * 0x18];

static void prepare(uint32_t kind, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        KeInitializeEvent(&events[i], kind, 0);
        pointers[i] = &events[i];
    }
}

static uint32_t wait_any(uint32_t count, const int64_t *timeout) {
    return KeWaitForMultipleObjects(count, pointers, WAIT_ANY, 3, 1, 0, timeout, blocks);
}

static uint32_t wait_all(uint32_t count, const int64_t *timeout) {
    return KeWaitForMultipleObjects(count, pointers, WAIT_ALL, 3, 1, 0, timeout, blocks);
}

static void any_gives_the_index(void) {
    prepare(AUTO_EVENT, 5);
    EXPECT(wait_any(5, &no_wait), TIMEOUT);
    KeSetEvent(&events[3], 0, 0);
    EXPECT(wait_any(5, 0), 3);
    EXPECT(wait_any(5, &no_wait), TIMEOUT);
    // The lowest of several, and only that one is taken.
    KeSetEvent(&events[4], 0, 0);
    KeSetEvent(&events[1], 0, 0);
    EXPECT(wait_any(5, 0), 1);
    EXPECT(events[4].state, 1);
    EXPECT(wait_any(5, 0), 4);
}

static void any_of_64(void) {
    prepare(AUTO_EVENT, MOST);
    for (uint32_t i = 0; i < MOST; i += 21) {
        KeSetEvent(&events[i], 0, 0);
        EXPECT(wait_any(MOST, &no_wait), i);
    }
    EXPECT(wait_any(MOST, &no_wait), TIMEOUT);
}

static void all_of_64(void) {
    prepare(AUTO_EVENT, MOST);
    for (uint32_t i = 0; i < MOST; i++) {
        EXPECT(wait_all(MOST, &no_wait), TIMEOUT);
        KeSetEvent(&events[i], 0, 0);
    }
    EXPECT(wait_all(MOST, &no_wait), SUCCESS);
    for (uint32_t i = 0; i < MOST; i++) EXPECT(events[i].state, 0);
}

static uint32_t wait_for_any_of_64(uint32_t argument) {
    (void)argument;
    return wait_any(MOST, &long_wait);
}

static uint32_t wait_for_all_of_64(uint32_t argument) {
    (void)argument;
    return wait_all(MOST, &long_wait);
}

static void parked_for_64(void) {
    prepare(AUTO_EVENT, MOST);
    uint32_t thread = start(wait_for_any_of_64, 0, ON(2));
    settle();
    KeSetEvent(&events[63], 0, 0);
    EXPECT(join(thread), 63);
    EXPECT(events[63].state, 0);
    thread = start(wait_for_all_of_64, 0, ON(2));
    settle();
    for (uint32_t i = 0; i < MOST; i++) KeSetEvent(&events[i], 0, 0);
    EXPECT(join(thread), SUCCESS);
    for (uint32_t i = 0; i < MOST; i++) EXPECT(events[i].state, 0);
}

static void all_takes_all_or_nothing(void) {
    prepare(AUTO_EVENT, MOST);
    uint32_t thread = start(wait_for_all_of_64, 0, ON(1));
    settle();
    for (uint32_t i = 0; i + 1 < MOST; i++) KeSetEvent(&events[i], 0, 0);
    settle();
    // One is missing: the others are still anybody's.
    EXPECT(events[7].state, 1);
    EXPECT(wait_for(&events[7], &no_wait), SUCCESS);
    KeSetEvent(&events[63], 0, 0);
    settle();
    EXPECT(wait_handle(thread, &no_wait), TIMEOUT);
    EXPECT(events[63].state, 1);
    KeSetEvent(&events[7], 0, 0);
    EXPECT(join(thread), SUCCESS);
    EXPECT(events[63].state, 0);
}

static void kinds_mixed(void) {
    struct semaphore semaphore;
    struct mutant mutant;
    struct timer timer;
    KeInitializeEvent(&events[0], MANUAL_EVENT, 1);
    KeInitializeSemaphore(&semaphore, 2, 2);
    KeInitializeMutant(&mutant, 0);
    KeInitializeTimerEx(&timer, 1);
    void *objects[4] = {&events[0], &semaphore, &mutant, &timer};
    ke_set_timer(&timer, 0xFFFFFFFF, (uint32_t)MILLISECONDS(3), 0, 0);
    EXPECT(KeWaitForMultipleObjects(4, objects, WAIT_ALL, 3, 1, 0, &no_wait, blocks), TIMEOUT);
    EXPECT(semaphore.header.state, 2);
    EXPECT(mutant.header.state, 1);
    EXPECT(KeWaitForMultipleObjects(4, objects, WAIT_ALL, 3, 1, 0, &long_wait, blocks), SUCCESS);
    EXPECT(events[0].state, 1);
    EXPECT(semaphore.header.state, 1);
    EXPECT(mutant.header.state, 0);
    EXPECT(timer.header.state, 0);
    EXPECT(mutant.owner, current_thread());
    EXPECT(KeReleaseMutant(&mutant, 0, 0, 0), 0);
}

static void nt_any_and_all(void) {
    for (uint32_t i = 0; i < MOST; i++) NtCreateEvent(&handles[i], 0, AUTO_EVENT, 0);
    NtSetEvent(handles[40], 0);
    EXPECT(NtWaitForMultipleObjectsEx(MOST, handles, WAIT_ANY, 1, 0, &no_wait), 40);
    EXPECT(NtWaitForMultipleObjectsEx(MOST, handles, WAIT_ANY, 1, 0, &no_wait), TIMEOUT);
    for (uint32_t i = 0; i < MOST; i++) NtSetEvent(handles[i], 0);
    EXPECT(NtWaitForMultipleObjectsEx(MOST, handles, WAIT_ALL, 1, 0, &no_wait), SUCCESS);
    EXPECT(NtWaitForMultipleObjectsEx(MOST, handles, WAIT_ANY, 1, 0, &no_wait), TIMEOUT);
    for (uint32_t i = 0; i < MOST; i++) NtClose(handles[i]);
}

static void nt_counts_are_checked(void) {
    NtCreateEvent(&handles[0], 0, AUTO_EVENT, 1);
    for (uint32_t i = 1; i <= MOST; i++) handles[i] = handles[0];
    EXPECT(NtWaitForMultipleObjectsEx(0, handles, WAIT_ANY, 1, 0, &no_wait), INVALID_PARAMETER_1);
    EXPECT(NtWaitForMultipleObjectsEx(MOST + 1, handles, WAIT_ANY, 1, 0, &no_wait), INVALID_PARAMETER_1);
    EXPECT(NtWaitForMultipleObjectsEx(1, handles, 2, 1, 0, &no_wait), INVALID_PARAMETER_3);
    EXPECT(wait_handle(handles[0], &no_wait), SUCCESS);
    NtClose(handles[0]);
}

static void nt_one_bad_handle(void) {
    uint32_t pair[2] = {0, 0};
    NtCreateEvent(&pair[0], 0, AUTO_EVENT, 1);
    NtCreateEvent(&pair[1], 0, AUTO_EVENT, 1);
    NtClose(pair[1]);
    EXPECT(NtWaitForMultipleObjectsEx(2, pair, WAIT_ANY, 1, 0, &no_wait), INVALID_HANDLE);
    EXPECT(wait_handle(pair[1], &no_wait), INVALID_HANDLE);
    // Nothing has been taken.
    EXPECT(wait_handle(pair[0], &no_wait), SUCCESS);
    NtClose(pair[0]);
}

static uint32_t wait_for_handle(uint32_t handle) { return wait_handle(handle, &long_wait); }

static void a_wait_keeps_its_object(void) {
    uint32_t handle = 0;
    void *event = 0;
    NtCreateEvent(&handle, 0, AUTO_EVENT, 0);
    ObReferenceObjectByHandle(handle, 0, &event);
    uint32_t thread = start(wait_for_handle, handle, ON(1));
    settle();
    NtClose(handle);
    ObDereferenceObject(event);
    settle();
    // Only the wait refers to it now, which is enough for this.
    KeSetEvent(event, 0, 0);
    EXPECT(join(thread), SUCCESS);
}

static void time_limits(void) {
    prepare(AUTO_EVENT, 1);
    int64_t interval = MILLISECONDS(5);
    uint64_t before = system_time();
    EXPECT(wait_for(&events[0], &interval), TIMEOUT);
    uint64_t passed = system_time() - before;
    EXPECT(passed >= UNITS(50000), 1);
    EXPECT(passed < UNITS(100000), 1);
    int64_t until = (int64_t)(system_time() + UNITS(50000));
    EXPECT(wait_for(&events[0], &until), TIMEOUT);
    EXPECT((int64_t)system_time() >= until, 1);
    EXPECT((int64_t)system_time() < until + (int64_t)UNITS(50000), 1);
    // A time that is over.
    before = system_time();
    EXPECT(wait_for(&events[0], &until), TIMEOUT);
    EXPECT(system_time() - before < UNITS(10000), 1);
    KeSetEvent(&events[0], 0, 0);
    EXPECT(wait_for(&events[0], &until), SUCCESS);
}

static void delays(void) {
    int64_t interval = MILLISECONDS(4);
    uint64_t before = system_time();
    EXPECT(KeDelayExecutionThread(1, 0, &interval), SUCCESS);
    uint64_t passed = system_time() - before;
    EXPECT(passed >= UNITS(40000), 1);
    EXPECT(passed < UNITS(90000), 1);
    int64_t until = (int64_t)(system_time() + UNITS(40000));
    EXPECT(KeDelayExecutionThread(1, 0, &until), SUCCESS);
    EXPECT((int64_t)system_time() >= until, 1);
    EXPECT((int64_t)system_time() < until + (int64_t)UNITS(50000), 1);
    EXPECT(IS_YIELD(KeDelayExecutionThread(1, 0, &no_wait)), 1);
}

static void late_signal(void) {
    prepare(AUTO_EVENT, 2);
    int64_t interval = MILLISECONDS(2);
    EXPECT(wait_any(2, &interval), TIMEOUT);
    // The wait that is over takes nothing.
    KeSetEvent(&events[1], 0, 0);
    EXPECT(events[1].state, 1);
    EXPECT(wait_any(2, &interval), 1);
}

static void signal_event_and_wait(void) {
    uint32_t first = 0, second = 0;
    NtCreateEvent(&first, 0, MANUAL_EVENT, 0);
    NtCreateEvent(&second, 0, AUTO_EVENT, 1);
    EXPECT(NtSignalAndWaitForSingleObjectEx(first, second, 1, 0, &no_wait), SUCCESS);
    EXPECT(wait_handle(first, &no_wait), SUCCESS);
    EXPECT(NtSignalAndWaitForSingleObjectEx(first, second, 1, 0, &no_wait), TIMEOUT);
    EXPECT(NtSignalAndWaitForSingleObjectEx(first, first, 1, 0, &no_wait), SUCCESS);
    NtClose(first);
    NtClose(second);
}

static uint32_t own_and_hold(uint32_t mutant) {
    wait_handle(mutant, &no_wait);
    sleep_ms(8);
    return NtReleaseMutant(mutant, 0);
}

static void what_can_be_signalled(void) {
    uint32_t event = 0, semaphore = 0, mutant = 0, timer = 0;
    NtCreateEvent(&event, 0, MANUAL_EVENT, 1);
    NtCreateSemaphore(&semaphore, 0, 0, 1);
    NtCreateMutant(&mutant, 0, 1);
    NtCreateTimer(&timer, 0, 0);
    EXPECT(NtSignalAndWaitForSingleObjectEx(semaphore, event, 1, 0, &no_wait), SUCCESS);
    EXPECT(NtSignalAndWaitForSingleObjectEx(semaphore, event, 1, 0, &no_wait), SEMAPHORE_LIMIT_EXCEEDED);
    EXPECT(NtSignalAndWaitForSingleObjectEx(mutant, event, 1, 0, &no_wait), SUCCESS);
    uint32_t thread = start(own_and_hold, mutant, ON(1));
    settle();
    EXPECT(NtSignalAndWaitForSingleObjectEx(mutant, event, 1, 0, &no_wait), MUTANT_NOT_OWNED);
    EXPECT(NtSignalAndWaitForSingleObjectEx(timer, event, 1, 0, &no_wait), OBJECT_TYPE_MISMATCH);
    EXPECT(join(thread), SUCCESS);
    NtClose(event);
    NtClose(semaphore);
    NtClose(mutant);
    NtClose(timer);
}

// Two threads that wake each other by one call each, as often as this.
enum { ROUNDS = 100 };
static struct {
    uint32_t ping, pong;
    volatile uint32_t count;
} table_tennis;

static uint32_t answer(uint32_t argument) {
    (void)argument;
    if (wait_handle(table_tennis.ping, &long_wait) != SUCCESS) return 1;
    for (int i = 0; i < ROUNDS; i++) {
        table_tennis.count++;
        uint32_t status = NtSignalAndWaitForSingleObjectEx(table_tennis.pong, table_tennis.ping, 1, 0, &long_wait);
        if (status != SUCCESS) return status;
    }
    return 0;
}

static void table_tennis_is_exact(void) {
    table_tennis.count = 0;
    NtCreateEvent(&table_tennis.ping, 0, AUTO_EVENT, 0);
    NtCreateEvent(&table_tennis.pong, 0, AUTO_EVENT, 0);
    uint32_t thread = start(answer, 0, ON(3));
    for (uint32_t i = 0; i < ROUNDS; i++) {
        EXPECT(NtSignalAndWaitForSingleObjectEx(table_tennis.ping, table_tennis.pong, 1, 0, &long_wait), SUCCESS);
        EXPECT(table_tennis.count, i + 1);
    }
    NtSetEvent(table_tennis.ping, 0);
    EXPECT(join(thread), 0);
    NtClose(table_tennis.ping);
    NtClose(table_tennis.pong);
}

static void yield_is_no_error(void) {
    // Whether there was anybody to make way for.
    EXPECT(IS_YIELD(NtYieldExecution()), 1);
}

SUBJECT(waits, {"any_gives_the_index", any_gives_the_index}, {"any_of_64", any_of_64},
        {"all_of_64", all_of_64}, {"parked_for_64", parked_for_64},
        {"all_takes_all_or_nothing", all_takes_all_or_nothing}, {"kinds_mixed", kinds_mixed},
        {"nt_any_and_all", nt_any_and_all}, {"nt_counts_are_checked", nt_counts_are_checked},
        {"nt_one_bad_handle", nt_one_bad_handle}, {"a_wait_keeps_its_object", a_wait_keeps_its_object},
        {"time_limits", time_limits}, {"delays", delays}, {"late_signal", late_signal},
        {"signal_event_and_wait", signal_event_and_wait}, {"what_can_be_signalled", what_can_be_signalled},
        {"table_tennis_is_exact", table_tennis_is_exact}, {"yield_is_no_error", yield_is_no_error});
