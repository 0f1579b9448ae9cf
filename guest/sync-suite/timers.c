// Timers: when they are due, kinds, periods, cancelling, deferred and asynchronous calls.
#include "suite.h"

static uint64_t system_time(void) {
    uint64_t now = 0;
    KeQuerySystemTime(&now);
    return now;
}

#define HIGH(time) ((uint32_t)((uint64_t)(time) >> 32))
#define LOW(time) ((uint32_t)(uint64_t)(time))

static uint32_t set_in(struct timer *timer, uint32_t milliseconds, uint32_t period_ms, struct dpc *dpc) {
    int64_t due = MILLISECONDS((int32_t)milliseconds);
    return ke_set_timer(timer, HIGH(due), LOW(due), period_ms * (uint32_t)pace, dpc);
}

static void ke_header(void) {
    struct timer t;
    memset(&t, 0xEE, sizeof t);
    KeInitializeTimerEx(&t, 0);
    EXPECT(t.header.kind, MANUAL_TIMER);
    EXPECT(t.header.words, 10);
    EXPECT(t.header.state, 0);
    EXPECT(t.header.inserted, 0);
    KeInitializeTimerEx(&t, 1);
    EXPECT(t.header.kind, AUTO_TIMER);
    EXPECT(set_in(&t, 5, 7, 0), 0);
    EXPECT(t.header.inserted, 1);
    EXPECT(t.period, 7 * pace);
    EXPECT(KeCancelTimer(&t), 1);
    EXPECT(t.header.inserted, 0);
}

static void relative(void) {
    struct timer t;
    KeInitializeTimerEx(&t, 0);
    uint64_t before = system_time();
    EXPECT(set_in(&t, 5, 0, 0), 0);
    EXPECT(t.header.state, 0);
    EXPECT(wait_for(&t, &no_wait), TIMEOUT);
    EXPECT(wait_for(&t, &long_wait), SUCCESS);
    uint64_t passed = system_time() - before;
    EXPECT(passed >= UNITS(50000), 1);
    EXPECT(passed < UNITS(100000), 1);
    EXPECT(t.header.inserted, 0);
}

static void absolute(void) {
    struct timer t;
    KeInitializeTimerEx(&t, 0);
    uint64_t due = system_time() + UNITS(50000);
    EXPECT(ke_set_timer(&t, HIGH(due), LOW(due), 0, 0), 0);
    EXPECT(wait_for(&t, &no_wait), TIMEOUT);
    EXPECT(wait_for(&t, &long_wait), SUCCESS);
    EXPECT(system_time() >= due, 1);
    EXPECT(system_time() < due + UNITS(50000), 1);
}

static void long_past(void) {
    struct timer t;
    KeInitializeTimerEx(&t, 0);
    // Signalled before the call returns.
    EXPECT(ke_set_timer(&t, 0, 1, 0, 0), 0);
    EXPECT(t.header.state, 1);
    EXPECT(t.header.inserted, 0);
    EXPECT(wait_for(&t, &no_wait), SUCCESS);
    EXPECT(KeCancelTimer(&t), 0);
}

static void manual_stays_until_set(void) {
    struct timer t;
    KeInitializeTimerEx(&t, 0);
    set_in(&t, 1, 0, 0);
    EXPECT(wait_for(&t, &long_wait), SUCCESS);
    EXPECT(wait_for(&t, &no_wait), SUCCESS);
    EXPECT(t.header.state, 1);
    EXPECT(set_in(&t, 1, 0, 0), 0);
    EXPECT(t.header.state, 0);
    EXPECT(wait_for(&t, &no_wait), TIMEOUT);
    EXPECT(wait_for(&t, &long_wait), SUCCESS);
}

static void auto_is_consumed(void) {
    struct timer t;
    KeInitializeTimerEx(&t, 1);
    set_in(&t, 1, 0, 0);
    EXPECT(wait_for(&t, &long_wait), SUCCESS);
    EXPECT(t.header.state, 0);
    EXPECT(wait_for(&t, &no_wait), TIMEOUT);
}

static void set_again(void) {
    struct timer t;
    KeInitializeTimerEx(&t, 0);
    EXPECT(set_in(&t, 2, 0, 0), 0);
    EXPECT(set_in(&t, 30, 0, 0), 1);
    sleep_ms(10);
    EXPECT(t.header.state, 0);
    EXPECT(wait_for(&t, &long_wait), SUCCESS);
    EXPECT(set_in(&t, 1, 0, 0), 0);
    EXPECT(KeCancelTimer(&t), 1);
}

static void cancelled(void) {
    struct timer t;
    KeInitializeTimerEx(&t, 0);
    EXPECT(KeCancelTimer(&t), 0);
    set_in(&t, 2, 0, 0);
    EXPECT(KeCancelTimer(&t), 1);
    EXPECT(KeCancelTimer(&t), 0);
    sleep_ms(5);
    EXPECT(wait_for(&t, &no_wait), TIMEOUT);
    // A signalled timer stays signalled.
    set_in(&t, 1, 0, 0);
    EXPECT(wait_for(&t, &long_wait), SUCCESS);
    EXPECT(KeCancelTimer(&t), 0);
    EXPECT(wait_for(&t, &no_wait), SUCCESS);
}

static void periodic(void) {
    struct timer t;
    KeInitializeTimerEx(&t, 1);
    uint64_t before = system_time();
    set_in(&t, 2, 3, 0);
    for (int i = 0; i < 5; i++) EXPECT(wait_for(&t, &long_wait), SUCCESS);
    uint64_t passed = system_time() - before;
    EXPECT(passed >= UNITS(140000), 1);
    EXPECT(passed < UNITS(200000), 1);
    EXPECT(t.header.inserted, 1);
    EXPECT(KeCancelTimer(&t), 1);
    sleep_ms(10);
    EXPECT(wait_for(&t, &no_wait), TIMEOUT);
}

struct calls {
    struct dpc dpc;
    struct timer timer;
    struct header event;
    volatile uint32_t count, seen_dpc, level;
};

static void on_timer(struct dpc *dpc, struct calls *calls, uint32_t argument1, uint32_t argument2) {
    (void)argument1, (void)argument2;
    calls->count++;
    calls->seen_dpc = (uint32_t)dpc;
    calls->level = current_level();
    KeSetEvent(&calls->event, 0, 0);
}

static void prepare(struct calls *calls) {
    memset(calls, 0, sizeof *calls);
    KeInitializeDpc(&calls->dpc, on_timer, (uint32_t)calls);
    KeInitializeTimerEx(&calls->timer, 0);
    KeInitializeEvent(&calls->event, AUTO_EVENT, 0);
}

static void deferred_call(void) {
    struct calls c;
    prepare(&c);
    set_in(&c.timer, 2, 0, &c.dpc);
    EXPECT(c.count, 0);
    EXPECT(wait_for(&c.event, &long_wait), SUCCESS);
    EXPECT(c.count, 1);
    EXPECT(c.seen_dpc, &c.dpc);
    EXPECT(c.level, 2);
    EXPECT(c.timer.header.state, 1);
    sleep_ms(5);
    EXPECT(c.count, 1);
}

static void periodic_deferred_calls(void) {
    struct calls c;
    prepare(&c);
    set_in(&c.timer, 1, 2, &c.dpc);
    for (int i = 0; i < 4; i++) EXPECT(wait_for(&c.event, &long_wait), SUCCESS);
    EXPECT(KeCancelTimer(&c.timer), 1);
    EXPECT(c.count, 4);
    sleep_ms(10);
    EXPECT(c.count, 4);
}

static void cancelled_deferred_call(void) {
    struct calls c;
    prepare(&c);
    set_in(&c.timer, 2, 0, &c.dpc);
    EXPECT(KeCancelTimer(&c.timer), 1);
    sleep_ms(5);
    EXPECT(c.count, 0);
}

static void two_in_order(void) {
    struct timer t[2];
    void *both[2] = {&t[0], &t[1]};
    KeInitializeTimerEx(&t[0], 1);
    KeInitializeTimerEx(&t[1], 1);
    set_in(&t[0], 8, 0, 0);
    set_in(&t[1], 4, 0, 0);
    EXPECT(KeWaitForMultipleObjects(2, both, WAIT_ANY, 3, 1, 0, &long_wait, 0), 1);
    EXPECT(KeWaitForMultipleObjects(2, both, WAIT_ANY, 3, 1, 0, &long_wait, 0), 0);
}

static uint32_t wait_for_timer(uint32_t timer) { return wait_for((void *)timer, &long_wait); }

static void wakes_all_or_one(void) {
    struct timer manual, automatic;
    uint32_t threads[4];
    KeInitializeTimerEx(&manual, 0);
    KeInitializeTimerEx(&automatic, 1);
    for (int i = 0; i < 4; i++) {
        threads[i] = start(wait_for_timer, (uint32_t)(i < 2 ? &manual : &automatic), ON(i));
        settle();
    }
    set_in(&manual, 1, 0, 0);
    set_in(&automatic, 1, 0, 0);
    EXPECT(join(threads[0]), SUCCESS);
    EXPECT(join(threads[1]), SUCCESS);
    EXPECT(join(threads[2]), SUCCESS);
    EXPECT(wait_handle(threads[3], &no_wait), TIMEOUT);
    set_in(&automatic, 1, 0, 0);
    EXPECT(join(threads[3]), SUCCESS);
}

static void nt_set_and_cancel(void) {
    uint32_t t = 0;
    uint8_t state = 9;
    int64_t due = MILLISECONDS(2);
    EXPECT(NtCreateTimer(&t, 0, 0), SUCCESS);
    EXPECT(NtSetTimerEx(t, &due, 0, 1, 0, 0, 0, &state), SUCCESS);
    EXPECT(state, 0);
    EXPECT(NtCancelTimer(t, &state), SUCCESS);
    EXPECT(state, 0);
    sleep_ms(5);
    EXPECT(wait_handle(t, &no_wait), TIMEOUT);
    EXPECT(NtSetTimerEx(t, &due, 0, 1, 0, 0, 0, 0), SUCCESS);
    EXPECT(wait_handle(t, &long_wait), SUCCESS);
    EXPECT(NtCancelTimer(t, &state), SUCCESS);
    EXPECT(state, 1);
    EXPECT(NtSetTimerEx(t, &due, 0, 1, 0, 0, 0, &state), SUCCESS);
    EXPECT(state, 1);
    EXPECT(NtCancelTimer(t, 0), SUCCESS);
    NtClose(t);
}

static void nt_periodic(void) {
    uint32_t t = 0;
    int64_t due = MILLISECONDS(1);
    EXPECT(NtCreateTimer(&t, 0, 1), SUCCESS);
    EXPECT(NtSetTimerEx(t, &due, 0, 1, 0, 0, 2 * pace, 0), SUCCESS);
    for (int i = 0; i < 4; i++) EXPECT(wait_handle(t, &long_wait), SUCCESS);
    EXPECT(NtCancelTimer(t, 0), SUCCESS);
    sleep_ms(5);
    EXPECT(wait_handle(t, &no_wait), TIMEOUT);
    NtClose(t);
}

static struct {
    volatile uint32_t count, context, low, high;
} told;

static void on_apc(uint32_t context, uint32_t low, uint32_t high) {
    told.count++;
    told.context = context;
    told.low = low;
    told.high = high;
}

static void nt_asynchronous_call(void) {
    uint32_t t = 0;
    uint64_t due = system_time() + UNITS(20000);
    int64_t interval = MILLISECONDS(20);
    told.count = 0;
    NtCreateTimer(&t, 0, 1);
    EXPECT(NtSetTimerEx(t, (int64_t *)&due, on_apc, 1, 0x5151, 0, 0, 0), SUCCESS);
    // Only an alertable wait hears of it.
    sleep_ms(5);
    EXPECT(told.count, 0);
    EXPECT(KeDelayExecutionThread(1, 1, &interval), USER_APC);
    EXPECT(told.count, 1);
    EXPECT(told.context, 0x5151);
    EXPECT(told.high, HIGH(due));
    // The time base is a little coarser than the unit.
    EXPECT(told.low - LOW(due) + 2 < 5, 1);
    EXPECT(IS_YIELD(KeDelayExecutionThread(1, 1, &no_wait)), 1);
    NtClose(t);
}

static void nt_cancel_takes_its_call_back(void) {
    uint32_t t = 0;
    int64_t due = MILLISECONDS(1);
    told.count = 0;
    NtCreateTimer(&t, 0, 1);
    NtSetTimerEx(t, &due, on_apc, 1, 0, 0, 0, 0);
    sleep_ms(4);
    EXPECT(NtCancelTimer(t, 0), SUCCESS);
    EXPECT(IS_YIELD(KeDelayExecutionThread(1, 1, &no_wait)), 1);
    EXPECT(told.count, 0);
    NtClose(t);
}

static void nt_one_call_at_a_time(void) {
    uint32_t t = 0;
    int64_t due = MILLISECONDS(1);
    told.count = 0;
    NtCreateTimer(&t, 0, 1);
    NtSetTimerEx(t, &due, on_apc, 1, 0, 0, pace, 0);
    sleep_ms(8);
    NtCancelTimer(t, 0);
    EXPECT(told.count, 0);
    NtSetTimerEx(t, &due, on_apc, 1, 0, 0, pace, 0);
    sleep_ms(8);
    EXPECT(KeDelayExecutionThread(1, 1, &no_wait), USER_APC);
    EXPECT(told.count, 1);
    NtCancelTimer(t, 0);
    NtClose(t);
}

static void nt_query(void) {
    struct {
        int64_t left;
        uint8_t state;
    } information = {9, 9};
    uint32_t t = 0;
    int64_t due = MILLISECONDS(20);
    NtCreateTimer(&t, 0, 0);
    NtSetTimerEx(t, &due, 0, 1, 0, 0, 0, 0);
    EXPECT(NtQueryTimer(t, &information), SUCCESS);
    EXPECT(information.state, 0);
    EXPECT(information.left > (int64_t)UNITS(100000), 1);
    EXPECT(information.left <= (int64_t)UNITS(200000), 1);
    NtCancelTimer(t, 0);
    NtClose(t);
}

static void interrupt_time_goes_with_system_time(void) {
    uint64_t before = ke_interrupt_time(), start = system_time();
    sleep_ms(20);
    uint64_t passed = ke_interrupt_time() - before, expected = system_time() - start;
    // Both go on by steps.
    EXPECT(passed + UNITS(20000) > expected, 1);
    EXPECT(passed < expected + UNITS(20000), 1);
}

SUBJECT(timers, {"ke_header", ke_header}, {"relative", relative}, {"absolute", absolute},
        {"long_past", long_past}, {"manual_stays_until_set", manual_stays_until_set},
        {"auto_is_consumed", auto_is_consumed}, {"set_again", set_again}, {"cancelled", cancelled},
        {"periodic", periodic}, {"deferred_call", deferred_call},
        {"periodic_deferred_calls", periodic_deferred_calls},
        {"cancelled_deferred_call", cancelled_deferred_call}, {"two_in_order", two_in_order},
        {"wakes_all_or_one", wakes_all_or_one}, {"nt_set_and_cancel", nt_set_and_cancel},
        {"nt_periodic", nt_periodic}, {"nt_asynchronous_call", nt_asynchronous_call},
        {"nt_cancel_takes_its_call_back", nt_cancel_takes_its_call_back},
        {"nt_one_call_at_a_time", nt_one_call_at_a_time}, {"nt_query", nt_query},
        {"interrupt_time_goes_with_system_time", interrupt_time_goes_with_system_time});
