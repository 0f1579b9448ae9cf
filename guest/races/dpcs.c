// Deferred calls from six hardware threads to each other: queued, taken back, and queued again
// while they run. Each one that was accepted runs once, where it was sent, or is taken back once.
// Then from one thread to six that sleep: a call that wakes nobody is lost.
//
// Settings: `rounds` of each phase.
#include "crew.h"

enum { ROUNDS = 3000 };
static uint32_t rounds;

static struct {
    struct dpc dpcs[CREW];
    volatile uint32_t accepted, refused, removed, ran, elsewhere, overlaps, inside[CREW];
} storm;

static void in_storm(struct dpc *dpc, uint32_t context, uint32_t target, uint32_t argument2) {
    (void)dpc, (void)context, (void)argument2;
    uint32_t cpu = current_cpu();
    if (cpu != target) atomic_add(&storm.elsewhere, 1);
    // One at a time on each hardware thread, which needs no atomic access for what is its own.
    if (storm.inside[cpu]++) atomic_add(&storm.overlaps, 1);
    storm.inside[cpu]--;
    atomic_add(&storm.ran, 1);
}

static uint32_t send(uint32_t cpu) {
    struct dpc *dpc = &storm.dpcs[cpu];
    uint32_t state = cpu * 71 + 3;
    KeInitializeDpc(dpc, in_storm, 0);
    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t target = random(&state) % CREW;
        // Only this thread queues it: out of the queue it stays out.
        if (!dpc->inserted_cpu) dpc->target_cpu = (uint8_t)(target + 1);
        else target = dpc->target_cpu - 1u;
        if (KeInsertQueueDpc(dpc, target, 0)) atomic_add(&storm.accepted, 1);
        else atomic_add(&storm.refused, 1);
        if (random(&state) % 4 == 0 && KeRemoveQueueDpc(dpc)) atomic_add(&storm.removed, 1);
        if (random(&state) % 8 == 0) NtYieldExecution();
    }
    return 0;
}

static struct {
    struct dpc dpcs[CREW];
    struct header event;
    volatile uint32_t ran;
} alarm;

static void wake(struct dpc *dpc, uint32_t context, uint32_t argument1, uint32_t argument2) {
    (void)dpc, (void)context, (void)argument1, (void)argument2;
    if (atomic_add(&alarm.ran, 1) == CREW - 1) KeSetEvent(&alarm.event, 0, 0);
}

// How many rounds came to their end, the first one that does not being the last.
static uint32_t wake_sleepers(void) {
    KeInitializeEvent(&alarm.event, AUTO_EVENT, 0);
    for (uint32_t i = 0; i < CREW; i++) {
        KeInitializeDpc(&alarm.dpcs[i], wake, 0);
        alarm.dpcs[i].target_cpu = (uint8_t)(i + 1);
    }
    for (uint32_t round = 0; round < rounds; round++) {
        alarm.ran = 0;
        for (uint32_t i = 0; i < CREW; i++)
            if (!KeInsertQueueDpc(&alarm.dpcs[(round + i) % CREW], 0, 0)) return round;
        if (wait_for(&alarm.event, &long_wait) != SUCCESS) return round;
    }
    return rounds;
}

int main(void) {
    set_pace();
    rounds = setting("rounds", ROUNDS);
    expect_count("threads that failed", on_all(send), 0);
    // The sender of one of the last may have ended before it ran.
    wait_until(&storm.ran, storm.accepted - storm.removed);
    expect_count("accepted calls that ran or were removed", storm.ran + storm.removed, storm.accepted);
    expect_count("accepted or refused", storm.accepted + storm.refused, CREW * rounds);
    expect_count("elsewhere", storm.elsewhere, 0);
    expect_count("two at a time", storm.overlaps, 0);
    expect_count("sleepers woken", wake_sleepers(), rounds);
    DbgPrint("%u wrong\n", wrong_counts());
    return (int)wrong_counts();
}
