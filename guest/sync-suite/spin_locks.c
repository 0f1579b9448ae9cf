// Interrupt levels and the kernel's spin locks.
#include "suite.h"

enum { PASSIVE_LEVEL = 0, APC_LEVEL = 1, DISPATCH_LEVEL = 2 };

static struct {
    volatile uint32_t lock, total, count, stop;
    struct header event;
} shared;

static void levels(void) {
    EXPECT(current_level(), PASSIVE_LEVEL);
    EXPECT(KfRaiseIrql(APC_LEVEL), PASSIVE_LEVEL);
    EXPECT(current_level(), APC_LEVEL);
    EXPECT(KeRaiseIrqlToDpcLevel(), APC_LEVEL);
    EXPECT(current_level(), DISPATCH_LEVEL);
    KfLowerIrql(APC_LEVEL);
    EXPECT(current_level(), APC_LEVEL);
    KfLowerIrql(PASSIVE_LEVEL);
    EXPECT(current_level(), PASSIVE_LEVEL);
}

static void a_lock_raises_the_level(void) {
    shared.lock = 0;
    EXPECT(KfAcquireSpinLock(&shared.lock), PASSIVE_LEVEL);
    EXPECT(shared.lock != 0, 1);
    EXPECT(current_level(), DISPATCH_LEVEL);
    EXPECT(KeTryToAcquireSpinLockAtRaisedIrql(&shared.lock), 0);
    KfReleaseSpinLock(&shared.lock, PASSIVE_LEVEL);
    EXPECT(shared.lock, 0);
    EXPECT(current_level(), PASSIVE_LEVEL);
}

static void at_raised_level(void) {
    volatile uint32_t inner = 0;
    shared.lock = 0;
    uint32_t level = KfAcquireSpinLock(&shared.lock);
    KeAcquireSpinLockAtRaisedIrql(&inner);
    EXPECT(current_level(), DISPATCH_LEVEL);
    EXPECT(inner != 0, 1);
    KeReleaseSpinLockFromRaisedIrql(&inner);
    EXPECT(inner, 0);
    EXPECT(KeTryToAcquireSpinLockAtRaisedIrql(&inner), 1);
    KeReleaseSpinLockFromRaisedIrql(&inner);
    EXPECT(current_level(), DISPATCH_LEVEL);
    KfReleaseSpinLock(&shared.lock, level);
}

enum { ROUNDS = 200 };

static uint32_t add(uint32_t argument) {
    (void)argument;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t level = KfAcquireSpinLock(&shared.lock), before = shared.total;
        for (volatile uint32_t j = 0; j < i % 16; j++) {
        }
        shared.total = before + 1;
        if (level != PASSIVE_LEVEL || current_level() != DISPATCH_LEVEL) return 1;
        KfReleaseSpinLock(&shared.lock, level);
    }
    return current_level();
}

static void six_threads(void) {
    uint32_t threads[6];
    shared.lock = shared.total = 0;
    for (uint32_t i = 0; i < 6; i++) threads[i] = start(add, 0, ON(i));
    for (uint32_t i = 0; i < 6; i++) EXPECT(join(threads[i]), PASSIVE_LEVEL);
    EXPECT(shared.total, 6 * ROUNDS);
    EXPECT(shared.lock, 0);
}

static uint32_t take(uint32_t argument) {
    (void)argument;
    uint32_t level = KfAcquireSpinLock(&shared.lock);
    shared.total++;
    KfReleaseSpinLock(&shared.lock, level);
    return level;
}

// As a compiler releases a lock that knows what that is: nobody is told, and who waits gets it all the same.
static void released_by_a_store(void) {
    shared.lock = shared.total = 0;
    KeAcquireSpinLockAtRaisedIrql(&shared.lock);
    uint32_t threads[2] = {start(take, 0, ON(1)), start(take, 0, ON(3))};
    settle();
    EXPECT(shared.total, 0);
    __sync_synchronize();
    shared.lock = 0;
    for (int i = 0; i < 2; i++) EXPECT(join(threads[i]), PASSIVE_LEVEL);
    EXPECT(shared.total, 2);
    EXPECT(shared.lock, 0);
}

static void on_dpc(struct dpc *dpc, uint32_t context, uint32_t argument1, uint32_t argument2) {
    (void)dpc, (void)context, (void)argument1, (void)argument2;
    shared.count++;
}

static void a_raised_level_holds_dpcs_back(void) {
    struct dpc dpc;
    KeInitializeDpc(&dpc, on_dpc, 0);
    shared.count = 0;
    uint32_t level = KeRaiseIrqlToDpcLevel();
    KeInsertQueueDpc(&dpc, 0, 0);
    EXPECT(shared.count, 0);
    KfLowerIrql(level);
    EXPECT(shared.count, 1);
    shared.lock = 0;
    level = KfAcquireSpinLock(&shared.lock);
    KeInsertQueueDpc(&dpc, 0, 0);
    EXPECT(shared.count, 1);
    KfReleaseSpinLock(&shared.lock, level);
    EXPECT(shared.count, 2);
}

static uint32_t count_when_woken(uint32_t argument) {
    (void)argument;
    uint32_t status = wait_for(&shared.event, &long_wait);
    shared.count++;
    return status;
}

static void a_raised_level_holds_threads_back(void) {
    shared.count = 0;
    KeInitializeEvent(&shared.event, AUTO_EVENT, 0);
    uint32_t thread = start(count_when_woken, 0, CREATE_SUSPENDED);
    KeSetBasePriorityThread(object_of(thread), 5);
    NtResumeThread(thread, 0);
    settle();
    KeSetBasePriorityThread(current_thread(), 0);
    uint32_t level = KeRaiseIrqlToDpcLevel();
    KeSetEvent(&shared.event, 0, 0);
    EXPECT(shared.count, 0);
    KfLowerIrql(level);
    EXPECT(shared.count, 1);
    EXPECT(join(thread), SUCCESS);
}

SUBJECT(spin_locks, {"levels", levels}, {"a_lock_raises_the_level", a_lock_raises_the_level},
        {"at_raised_level", at_raised_level}, {"six_threads", six_threads},
        {"released_by_a_store", released_by_a_store},
        {"a_raised_level_holds_dpcs_back", a_raised_level_holds_dpcs_back},
        {"a_raised_level_holds_threads_back", a_raised_level_holds_threads_back});
