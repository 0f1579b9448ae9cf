// Deferred calls: where they run, in which order, at which level.
#include "atomic.h"
#include "suite.h"

static struct {
    struct log log;
    struct header event;
    volatile uint32_t count, cpu, level, context, argument1, argument2, started, stop, stopped;
    struct dpc *volatile dpc;
} seen;

static void forget(void) {
    memset(&seen, 0, sizeof seen);
    KeInitializeEvent(&seen.event, AUTO_EVENT, 0);
}

static void note(struct dpc *dpc, uint32_t context, uint32_t argument1, uint32_t argument2) {
    seen.dpc = dpc;
    seen.cpu = current_cpu();
    seen.level = current_level();
    seen.context = context;
    seen.argument1 = argument1;
    seen.argument2 = argument2;
    log_digit(&seen.log, context & 15);
    // Last: who waits until all have come reads the rest then. Calls of six hardware threads may come at once.
    atomic_add(&seen.count, 1);
    KeSetEvent(&seen.event, 0, 0);
}

static void target(struct dpc *dpc, uint32_t cpu) { dpc->target_cpu = (uint8_t)(cpu + 1); }

static void fields(void) {
    struct dpc dpc;
    memset(&dpc, 0xEE, sizeof dpc);
    KeInitializeDpc(&dpc, note, 0x33);
    EXPECT(dpc.type, 19);
    EXPECT(dpc.inserted_cpu, 0);
    EXPECT(dpc.target_cpu, 0);
    EXPECT(dpc.routine, note);
    EXPECT(dpc.context, 0x33);
}

static void arguments(void) {
    struct dpc dpc;
    forget();
    KeInitializeDpc(&dpc, note, 3);
    EXPECT(KeInsertQueueDpc(&dpc, 4, 5), 1);
    EXPECT(wait_for(&seen.event, &long_wait), SUCCESS);
    EXPECT(seen.count, 1);
    EXPECT(seen.dpc, &dpc);
    EXPECT(seen.context, 3);
    EXPECT(seen.argument1, 4);
    EXPECT(seen.argument2, 5);
    EXPECT(seen.level, 2);
}

static void at_once_below_its_level(void) {
    struct dpc dpc;
    forget();
    KeInitializeDpc(&dpc, note, 1);
    KeInsertQueueDpc(&dpc, 0, 0);
    EXPECT(seen.count, 1);
    EXPECT(seen.cpu, current_cpu());
}

static void elsewhere(void) {
    struct dpc dpc;
    for (uint32_t cpu = 0; cpu < 6; cpu++) {
        forget();
        KeInitializeDpc(&dpc, note, 1);
        target(&dpc, cpu);
        EXPECT(KeInsertQueueDpc(&dpc, 0, 0), 1);
        EXPECT(wait_for(&seen.event, &long_wait), SUCCESS);
        EXPECT(seen.cpu, cpu);
    }
}

static void occupy(struct dpc *dpc, uint32_t context, uint32_t argument1, uint32_t argument2) {
    (void)dpc, (void)context, (void)argument1, (void)argument2;
    seen.started = 1;
    while (!seen.stop) {
    }
    seen.stopped = 1;
}

// Keeps a hardware thread in a deferred call, so that others queue up behind it.
static void begin_occupying(struct dpc *dpc) {
    forget();
    KeInitializeDpc(dpc, occupy, 0);
    target(dpc, 3);
    KeInsertQueueDpc(dpc, 0, 0);
    EXPECT(wait_until(&seen.started, 1), 1);
}

// Lets it go. It has seen that when this returns, and may be forgotten.
static void end_occupying(void) {
    seen.stop = 1;
    EXPECT(wait_until(&seen.stopped, 1), 1);
}

static void queued_once(void) {
    struct dpc occupier, dpc;
    begin_occupying(&occupier);
    KeInitializeDpc(&dpc, note, 1);
    target(&dpc, 3);
    EXPECT(KeInsertQueueDpc(&dpc, 1, 2), 1);
    EXPECT(KeInsertQueueDpc(&dpc, 3, 4), 0);
    EXPECT(dpc.inserted_cpu != 0, 1);
    end_occupying();
    EXPECT(wait_for(&seen.event, &long_wait), SUCCESS);
    settle();
    EXPECT(seen.count, 1);
    EXPECT(seen.argument1, 1);
    EXPECT(dpc.inserted_cpu, 0);
}

static void removed(void) {
    struct dpc occupier, dpc;
    begin_occupying(&occupier);
    KeInitializeDpc(&dpc, note, 1);
    target(&dpc, 3);
    EXPECT(KeRemoveQueueDpc(&dpc), 0);
    KeInsertQueueDpc(&dpc, 0, 0);
    EXPECT(KeRemoveQueueDpc(&dpc), 1);
    EXPECT(KeRemoveQueueDpc(&dpc), 0);
    end_occupying();
    settle();
    EXPECT(seen.count, 0);
}

static void first_in_first_out(void) {
    struct dpc occupier, dpcs[4];
    begin_occupying(&occupier);
    for (uint32_t i = 0; i < 4; i++) {
        KeInitializeDpc(&dpcs[i], note, i + 1);
        target(&dpcs[i], 3);
        EXPECT(KeInsertQueueDpc(&dpcs[i], 0, 0), 1);
    }
    end_occupying();
    EXPECT(wait_until(&seen.count, 4), 1);
    EXPECT(seen.log.digits, 0x1234);
}

static void note_and_queue_again(struct dpc *dpc, uint32_t context, uint32_t argument1, uint32_t argument2) {
    (void)context, (void)argument2;
    seen.count++;
    if (argument1 > 0) {
        KeInsertQueueDpc(dpc, argument1 - 1, 0);
    } else {
        KeSetEvent(&seen.event, 0, 0);
    }
}

static void one_queues_itself_again(void) {
    struct dpc dpc;
    forget();
    KeInitializeDpc(&dpc, note_and_queue_again, 0);
    target(&dpc, 2);
    EXPECT(KeInsertQueueDpc(&dpc, 4, 0), 1);
    EXPECT(wait_for(&seen.event, &long_wait), SUCCESS);
    EXPECT(seen.count, 5);
}

static void from_every_thread(void) {
    static struct dpc dpcs[6];
    forget();
    for (uint32_t i = 0; i < 6; i++) {
        KeInitializeDpc(&dpcs[i], note, i);
        target(&dpcs[i], i);
        EXPECT(KeInsertQueueDpc(&dpcs[i], 0, 0), 1);
    }
    EXPECT(wait_until(&seen.count, 6), 1);
}

SUBJECT(dpcs, {"fields", fields}, {"arguments", arguments},
        {"at_once_below_its_level", at_once_below_its_level}, {"elsewhere", elsewhere},
        {"queued_once", queued_once}, {"removed", removed}, {"first_in_first_out", first_in_first_out},
        {"one_queues_itself_again", one_queues_itself_again}, {"from_every_thread", from_every_thread});
