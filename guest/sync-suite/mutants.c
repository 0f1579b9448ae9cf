// Mutants: owners, nesting, hand-over, abandonment, by pointer and by handle.
#include "suite.h"

static void ke_header(void) {
    struct mutant m;
    memset(&m, 0xEE, sizeof m);
    KeInitializeMutant(&m, 0);
    EXPECT(m.header.kind, MUTANT);
    EXPECT(m.header.words, 8);
    EXPECT(m.header.state, 1);
    EXPECT(m.owner, 0);
    EXPECT(m.abandoned, 0);
    KeInitializeMutant(&m, 1);
    EXPECT(m.header.state, 0);
    EXPECT(m.owner, current_thread());
    EXPECT(KeReleaseMutant(&m, 0, 0, 0), 0);
    EXPECT(m.header.state, 1);
    EXPECT(m.owner, 0);
}

static void ke_waits_nest(void) {
    struct mutant m;
    KeInitializeMutant(&m, 0);
    for (int i = 0; i < 3; i++) {
        EXPECT(wait_for(&m, &no_wait), SUCCESS);
        EXPECT(m.header.state, -i);
    }
    EXPECT(m.owner, current_thread());
    EXPECT(KeReleaseMutant(&m, 0, 0, 0), -2);
    EXPECT(KeReleaseMutant(&m, 0, 0, 0), -1);
    EXPECT(m.owner, current_thread());
    EXPECT(KeReleaseMutant(&m, 0, 0, 0), 0);
    EXPECT(m.header.state, 1);
    EXPECT(m.owner, 0);
}

static uint32_t try_pointer(uint32_t mutant) { return wait_for((void *)mutant, &no_wait); }
static uint32_t try_handle(uint32_t mutant) { return wait_handle(mutant, &no_wait); }
static uint32_t release_handle(uint32_t mutant) { return NtReleaseMutant(mutant, 0); }

static uint32_t take_and_release(uint32_t argument) {
    struct mutant *m = (struct mutant *)argument;
    uint32_t status = wait_for(m, &long_wait);
    if (status != SUCCESS) return status;
    if (m->owner != current_thread()) return 1;
    if (m->header.state != 0) return 2;
    return (uint32_t)KeReleaseMutant(m, 0, 0, 0);
}

static void others_wait(void) {
    struct mutant m;
    KeInitializeMutant(&m, 1);
    EXPECT(join(start(try_pointer, (uint32_t)&m, ON(1))), TIMEOUT);
    uint32_t thread = start(take_and_release, (uint32_t)&m, ON(1));
    settle();
    EXPECT(m.owner, current_thread());
    // Once released it is the waiter's, before that has run.
    EXPECT(KeReleaseMutant(&m, 0, 0, 0), 0);
    EXPECT(join(thread), 0);
    EXPECT(m.header.state, 1);
    EXPECT(m.owner, 0);
}

static void nt_nesting(void) {
    uint32_t m = 0;
    int32_t previous = 9;
    EXPECT(NtCreateMutant(&m, 0, 1), SUCCESS);
    EXPECT(wait_handle(m, &no_wait), SUCCESS);
    EXPECT(NtReleaseMutant(m, &previous), SUCCESS);
    EXPECT(previous, -1);
    EXPECT(join(start(try_handle, m, ON(1))), TIMEOUT);
    EXPECT(NtReleaseMutant(m, &previous), SUCCESS);
    EXPECT(previous, 0);
    EXPECT(NtReleaseMutant(m, &previous), MUTANT_NOT_OWNED);
    EXPECT(join(start(try_handle, m, ON(1))), SUCCESS);
    NtClose(m);
}

static void nt_only_the_owner_releases(void) {
    uint32_t m = 0;
    NtCreateMutant(&m, 0, 1);
    EXPECT(join(start(release_handle, m, ON(2))), MUTANT_NOT_OWNED);
    EXPECT(join(start(try_handle, m, ON(2))), TIMEOUT);
    EXPECT(NtReleaseMutant(m, 0), SUCCESS);
    NtClose(m);
}

static void nt_query(void) {
    struct {
        int32_t count;
        uint8_t owned, abandoned;
    } information = {9, 9, 9};
    uint32_t m = 0;
    NtCreateMutant(&m, 0, 1);
    EXPECT(NtQueryMutant(m, &information), SUCCESS);
    EXPECT(information.count, 0);
    EXPECT(information.owned, 1);
    EXPECT(information.abandoned, 0);
    NtReleaseMutant(m, 0);
    NtClose(m);
}

// Threads that end with what they hold.
static uint32_t leave_taken(uint32_t mutant) { return wait_for((void *)mutant, &no_wait); }

static uint32_t leave_two_taken(uint32_t argument) {
    struct mutant *m = (struct mutant *)argument;
    wait_for(&m[0], &no_wait);
    wait_for(&m[0], &no_wait);
    return wait_for(&m[1], &no_wait);
}

static void an_ended_owner_abandons(void) {
    struct mutant m;
    KeInitializeMutant(&m, 0);
    EXPECT(join(start(leave_taken, (uint32_t)&m, ON(1))), SUCCESS);
    EXPECT(m.header.state, 1);
    EXPECT(m.owner, 0);
    EXPECT(m.abandoned, 1);
    EXPECT(wait_for(&m, &no_wait), ABANDONED);
    EXPECT(m.owner, current_thread());
    EXPECT(m.abandoned, 0);
    EXPECT(wait_for(&m, &no_wait), SUCCESS);
    EXPECT(KeReleaseMutant(&m, 0, 0, 0), -1);
    EXPECT(KeReleaseMutant(&m, 0, 0, 0), 0);
    EXPECT(wait_for(&m, &no_wait), SUCCESS);
    EXPECT(KeReleaseMutant(&m, 0, 0, 0), 0);
}

static void all_of_an_owner_are_abandoned(void) {
    struct mutant m[2];
    KeInitializeMutant(&m[0], 0);
    KeInitializeMutant(&m[1], 0);
    EXPECT(join(start(leave_two_taken, (uint32_t)m, ON(3))), SUCCESS);
    EXPECT(wait_for(&m[0], &no_wait), ABANDONED);
    EXPECT(wait_for(&m[1], &no_wait), ABANDONED);
    // However often the owner had taken it.
    EXPECT(KeReleaseMutant(&m[0], 0, 0, 0), 0);
    EXPECT(KeReleaseMutant(&m[1], 0, 0, 0), 0);
}

static uint32_t hold_for_a_while(uint32_t argument) {
    uint32_t status = wait_for((void *)argument, &no_wait);
    sleep_ms(10);
    return status;
}

static void a_waiter_is_told(void) {
    struct mutant m;
    KeInitializeMutant(&m, 0);
    uint32_t thread = start(hold_for_a_while, (uint32_t)&m, ON(1));
    settle();
    EXPECT(wait_for(&m, &long_wait), ABANDONED);
    EXPECT(m.owner, current_thread());
    EXPECT(join(thread), SUCCESS);
    EXPECT(KeReleaseMutant(&m, 0, 0, 0), 0);
}

static void abandoned_among_several(void) {
    struct header event;
    struct mutant m;
    void *both[2] = {&event, &m};
    KeInitializeEvent(&event, MANUAL_EVENT, 0);
    KeInitializeMutant(&m, 0);
    EXPECT(join(start(leave_taken, (uint32_t)&m, ON(1))), SUCCESS);
    // Any: the index of the mutant.
    EXPECT(KeWaitForMultipleObjects(2, both, WAIT_ANY, 3, 1, 0, &no_wait, 0), ABANDONED + 1);
    KeReleaseMutant(&m, 0, 0, 0);
    EXPECT(join(start(leave_taken, (uint32_t)&m, ON(1))), SUCCESS);
    // All: that one was.
    EXPECT(KeWaitForMultipleObjects(2, both, WAIT_ALL, 3, 1, 0, &no_wait, 0), TIMEOUT);
    EXPECT(m.abandoned, 1);
    KeSetEvent(&event, 0, 0);
    EXPECT(KeWaitForMultipleObjects(2, both, WAIT_ALL, 3, 1, 0, &no_wait, 0), ABANDONED);
    KeReleaseMutant(&m, 0, 0, 0);
}

// Six threads add to one word under one mutant.
enum { ROUNDS = 40 };
static struct {
    uint32_t mutant;
    volatile uint32_t total;
} shared;

static uint32_t add_in_turn(uint32_t argument) {
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        if (wait_handle(shared.mutant, &long_wait) != SUCCESS) return 1;
        uint32_t before = shared.total;
        if (i % 8 == 0) NtYieldExecution();
        shared.total = before + 1;
        if (NtReleaseMutant(shared.mutant, 0) != SUCCESS) return 2;
    }
    return 0;
}

static void six_threads_take_turns(void) {
    uint32_t threads[6];
    shared.total = 0;
    EXPECT(NtCreateMutant(&shared.mutant, 0, 0), SUCCESS);
    for (uint32_t i = 0; i < 6; i++) threads[i] = start(add_in_turn, 0, ON(i));
    for (uint32_t i = 0; i < 6; i++) EXPECT(join(threads[i]), 0);
    EXPECT(shared.total, 6 * ROUNDS);
    NtClose(shared.mutant);
}

SUBJECT(mutants, {"ke_header", ke_header}, {"ke_waits_nest", ke_waits_nest}, {"others_wait", others_wait},
        {"nt_nesting", nt_nesting}, {"nt_only_the_owner_releases", nt_only_the_owner_releases},
        {"nt_query", nt_query}, {"an_ended_owner_abandons", an_ended_owner_abandons},
        {"all_of_an_owner_are_abandoned", all_of_an_owner_are_abandoned},
        {"a_waiter_is_told", a_waiter_is_told}, {"abandoned_among_several", abandoned_among_several},
        {"six_threads_take_turns", six_threads_take_turns});
