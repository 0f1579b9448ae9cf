// Events: kinds, set, reset, pulse, clear, query, by pointer and by handle.
#include "suite.h"

// Threads that wait for one event, and what came of it.
struct waiters {
    struct header event;
    volatile uint32_t woken, order;
    uint32_t threads[3];
};

static uint32_t wait_and_count(uint32_t argument) {
    struct waiters *w = (struct waiters *)argument;
    uint32_t status = wait_for(&w->event, &long_wait);
    if (status == SUCCESS) w->woken++;
    return status;
}

// All on the caller's hardware thread, so that the count needs no lock.
static void start_waiters(struct waiters *w, uint32_t kind) {
    KeInitializeEvent(&w->event, kind, 0);
    w->woken = 0;
    for (int i = 0; i < 3; i++) w->threads[i] = start(wait_and_count, (uint32_t)w, ANYWHERE);
    settle();
}

static void end_waiters(struct waiters *w) {
    for (int i = 0; i < 3 && w->woken < 3; i++) {
        KeSetEvent(&w->event, 0, 0);
        settle();
    }
    for (int i = 0; i < 3; i++) EXPECT(join(w->threads[i]), SUCCESS);
}

static void ke_header(void) {
    struct header event;
    memset(&event, 0xEE, sizeof event);
    KeInitializeEvent(&event, MANUAL_EVENT, 1);
    EXPECT(event.kind, MANUAL_EVENT);
    EXPECT(event.words, 4);
    EXPECT(event.state, 1);
    EXPECT(event.waiters.next, &event.waiters);
    EXPECT(event.waiters.previous, &event.waiters);
    KeInitializeEvent(&event, AUTO_EVENT, 0);
    EXPECT(event.kind, AUTO_EVENT);
    EXPECT(event.state, 0);
}

static void ke_set(void) {
    struct header event;
    KeInitializeEvent(&event, MANUAL_EVENT, 0);
    EXPECT(KeSetEvent(&event, 1, 0), 0);
    EXPECT(event.state, 1);
    EXPECT(KeSetEvent(&event, 1, 0), 1);
    EXPECT(event.state, 1);
}

static void ke_reset(void) {
    struct header event;
    KeInitializeEvent(&event, AUTO_EVENT, 1);
    EXPECT(KeResetEvent(&event), 1);
    EXPECT(event.state, 0);
    EXPECT(KeResetEvent(&event), 0);
    EXPECT(wait_for(&event, &no_wait), TIMEOUT);
}

static void ke_manual_stays(void) {
    struct header event;
    KeInitializeEvent(&event, MANUAL_EVENT, 1);
    EXPECT(wait_for(&event, &no_wait), SUCCESS);
    EXPECT(wait_for(&event, 0), SUCCESS);
    EXPECT(event.state, 1);
}

static void ke_auto_is_consumed(void) {
    struct header event;
    KeInitializeEvent(&event, AUTO_EVENT, 1);
    EXPECT(wait_for(&event, 0), SUCCESS);
    EXPECT(event.state, 0);
    EXPECT(wait_for(&event, &no_wait), TIMEOUT);
}

static void ke_auto_wakes_one(void) {
    struct waiters w;
    start_waiters(&w, AUTO_EVENT);
    EXPECT(KeSetEvent(&w.event, 0, 0), 0);
    settle();
    EXPECT(w.woken, 1);
    EXPECT(w.event.state, 0);
    KeSetEvent(&w.event, 0, 0);
    settle();
    EXPECT(w.woken, 2);
    end_waiters(&w);
    EXPECT(w.event.state, 0);
}

static void ke_manual_wakes_all(void) {
    struct waiters w;
    start_waiters(&w, MANUAL_EVENT);
    EXPECT(KeSetEvent(&w.event, 0, 0), 0);
    settle();
    EXPECT(w.woken, 3);
    EXPECT(w.event.state, 1);
    end_waiters(&w);
}

static void ke_pulse_wakes_who_is_there(void) {
    struct waiters w;
    start_waiters(&w, MANUAL_EVENT);
    EXPECT(KePulseEvent(&w.event, 0, 0), 0);
    EXPECT(w.event.state, 0);
    settle();
    EXPECT(w.woken, 3);
    EXPECT(wait_for(&w.event, &no_wait), TIMEOUT);
    end_waiters(&w);
}

static void ke_pulse_of_auto_wakes_one(void) {
    struct waiters w;
    start_waiters(&w, AUTO_EVENT);
    EXPECT(KePulseEvent(&w.event, 0, 0), 0);
    EXPECT(w.event.state, 0);
    settle();
    EXPECT(w.woken, 1);
    end_waiters(&w);
}

static void ke_pulse_of_signalled(void) {
    struct header event;
    KeInitializeEvent(&event, MANUAL_EVENT, 1);
    EXPECT(KePulseEvent(&event, 0, 0), 1);
    EXPECT(event.state, 0);
    EXPECT(KePulseEvent(&event, 0, 0), 0);
    EXPECT(wait_for(&event, &no_wait), TIMEOUT);
}

// A waiter that counts in the order of its waking.
struct turn {
    struct header *event;
    struct log *log;
    uint32_t number;
};

static uint32_t wait_for_turn(uint32_t argument) {
    struct turn *turn = (struct turn *)argument;
    uint32_t status = wait_for(turn->event, &long_wait);
    log_digit(turn->log, turn->number);
    return status;
}

static void first_come_first_served(void) {
    struct header event;
    struct log log = {0};
    struct turn turns[4];
    uint32_t threads[4];
    KeInitializeEvent(&event, AUTO_EVENT, 0);
    for (uint32_t i = 0; i < 4; i++) {
        turns[i] = (struct turn){&event, &log, i + 1};
        threads[i] = start(wait_for_turn, (uint32_t)&turns[i], ON(i));
        settle();
    }
    for (uint32_t i = 0; i < 4; i++) {
        KeSetEvent(&event, 0, 0);
        settle();
    }
    for (uint32_t i = 0; i < 4; i++) EXPECT(join(threads[i]), SUCCESS);
    EXPECT(log.digits, 0x1234);
}

static void nt_set(void) {
    uint32_t event = 0, previous = 9;
    EXPECT(NtCreateEvent(&event, 0, MANUAL_EVENT, 0), SUCCESS);
    EXPECT(wait_handle(event, &no_wait), TIMEOUT);
    EXPECT(NtSetEvent(event, &previous), SUCCESS);
    EXPECT(previous, 0);
    EXPECT(NtSetEvent(event, &previous), SUCCESS);
    EXPECT(previous, 1);
    EXPECT(NtSetEvent(event, 0), SUCCESS);
    EXPECT(wait_handle(event, 0), SUCCESS);
    EXPECT(wait_handle(event, &no_wait), SUCCESS);
    EXPECT(NtClose(event), SUCCESS);
}

static void nt_auto(void) {
    uint32_t event = 0;
    EXPECT(NtCreateEvent(&event, 0, AUTO_EVENT, 1), SUCCESS);
    EXPECT(wait_handle(event, 0), SUCCESS);
    EXPECT(wait_handle(event, &no_wait), TIMEOUT);
    NtClose(event);
}

static void nt_clear(void) {
    uint32_t event = 0, previous = 9;
    NtCreateEvent(&event, 0, MANUAL_EVENT, 1);
    EXPECT(NtClearEvent(event), SUCCESS);
    EXPECT(wait_handle(event, &no_wait), TIMEOUT);
    EXPECT(NtSetEvent(event, &previous), SUCCESS);
    EXPECT(previous, 0);
    NtClose(event);
}

static void nt_pulse(void) {
    uint32_t event = 0, previous = 9;
    NtCreateEvent(&event, 0, MANUAL_EVENT, 1);
    EXPECT(NtPulseEvent(event, &previous), SUCCESS);
    EXPECT(previous, 1);
    EXPECT(wait_handle(event, &no_wait), TIMEOUT);
    EXPECT(NtPulseEvent(event, 0), SUCCESS);
    NtClose(event);
}

static void nt_query(void) {
    uint32_t event = 0, information[2] = {9, 9};
    NtCreateEvent(&event, 0, AUTO_EVENT, 1);
    EXPECT(NtQueryEvent(event, information), SUCCESS);
    EXPECT(information[0], AUTO_EVENT);
    EXPECT(information[1], 1);
    EXPECT(wait_handle(event, 0), SUCCESS);
    EXPECT(NtQueryEvent(event, information), SUCCESS);
    EXPECT(information[1], 0);
    NtClose(event);
    NtCreateEvent(&event, 0, MANUAL_EVENT, 0);
    EXPECT(NtQueryEvent(event, information), SUCCESS);
    EXPECT(information[0], MANUAL_EVENT);
    EXPECT(information[1], 0);
    NtClose(event);
}

static void nt_is_ke_by_pointer(void) {
    uint32_t handle = 0, information[2] = {9, 9};
    void *event = 0;
    NtCreateEvent(&handle, 0, MANUAL_EVENT, 0);
    EXPECT(ObReferenceObjectByHandle(handle, ExEventObjectType, &event), SUCCESS);
    EXPECT(KeSetEvent(event, 0, 0), 0);
    EXPECT(NtQueryEvent(handle, information), SUCCESS);
    EXPECT(information[1], 1);
    EXPECT(KeResetEvent(event), 1);
    EXPECT(wait_handle(handle, &no_wait), TIMEOUT);
    // The reference keeps the object after the handle is gone.
    EXPECT(NtClose(handle), SUCCESS);
    EXPECT(KeSetEvent(event, 0, 0), 0);
    EXPECT(wait_for(event, 0), SUCCESS);
    ObDereferenceObject(event);
}

static void nt_handles_are_checked(void) {
    uint32_t event = 0, semaphore = 0;
    NtCreateEvent(&event, 0, MANUAL_EVENT, 0);
    NtCreateSemaphore(&semaphore, 0, 0, 1);
    EXPECT(NtSetEvent(semaphore, 0), OBJECT_TYPE_MISMATCH);
    EXPECT(NtClearEvent(semaphore), OBJECT_TYPE_MISMATCH);
    EXPECT(NtClose(event), SUCCESS);
    EXPECT(NtSetEvent(event, 0), INVALID_HANDLE);
    EXPECT(NtClose(event), INVALID_HANDLE);
    NtClose(semaphore);
}

static void nt_names(void) {
    struct string name = {9, 10, "SyncSuite"}, other = {10, 11, "SyncSuite2"};
    struct attributes attributes = {0, &name, OPEN_IF}, new_only = {0, &name, 0}, others = {0, &other, 0};
    uint32_t first = 0, second = 0, third = 0;
    EXPECT(NtCreateEvent(&first, &attributes, MANUAL_EVENT, 0), SUCCESS);
    EXPECT(NtCreateEvent(&second, &attributes, MANUAL_EVENT, 0), OBJECT_NAME_EXISTS);
    EXPECT(NtCreateEvent(&third, &new_only, MANUAL_EVENT, 0), OBJECT_NAME_COLLISION);
    EXPECT(NtCreateEvent(&third, &others, MANUAL_EVENT, 0), SUCCESS);
    EXPECT(object_of(first), object_of(second));
    EXPECT(NtSetEvent(second, 0), SUCCESS);
    EXPECT(wait_handle(first, &no_wait), SUCCESS);
    EXPECT(wait_handle(third, &no_wait), TIMEOUT);
    NtClose(first);
    NtClose(second);
    NtClose(third);
    // With its last handle the name is gone, too.
    EXPECT(NtCreateEvent(&first, &attributes, MANUAL_EVENT, 0), SUCCESS);
    NtClose(first);
}

SUBJECT(events, {"ke_header", ke_header}, {"ke_set", ke_set}, {"ke_reset", ke_reset},
        {"ke_manual_stays", ke_manual_stays}, {"ke_auto_is_consumed", ke_auto_is_consumed},
        {"ke_auto_wakes_one", ke_auto_wakes_one}, {"ke_manual_wakes_all", ke_manual_wakes_all},
        {"ke_pulse_wakes_who_is_there", ke_pulse_wakes_who_is_there},
        {"ke_pulse_of_auto_wakes_one", ke_pulse_of_auto_wakes_one},
        {"ke_pulse_of_signalled", ke_pulse_of_signalled},
        {"first_come_first_served", first_come_first_served}, {"nt_set", nt_set}, {"nt_auto", nt_auto},
        {"nt_clear", nt_clear}, {"nt_pulse", nt_pulse}, {"nt_query", nt_query},
        {"nt_is_ke_by_pointer", nt_is_ke_by_pointer},
        {"nt_handles_are_checked", nt_handles_are_checked}, {"nt_names", nt_names});
