// Reader-writer locks.
#include "suite.h"

static struct {
    struct read_write_lock lock;
    volatile uint32_t readers, most_readers, writers, total, entered, stop;
} shared;

static void reset(void) {
    memset(&shared, 0, sizeof shared);
    ExInitializeReadWriteLock(&shared.lock);
}

static void fields(void) {
    memset(&shared.lock, 0xEE, sizeof shared.lock);
    ExInitializeReadWriteLock(&shared.lock);
    EXPECT(shared.lock.lock_count, -1);
    EXPECT(shared.lock.writers_waiting, 0);
    EXPECT(shared.lock.readers_waiting, 0);
    EXPECT(shared.lock.readers, 0);
    EXPECT(shared.lock.writer_event.kind, AUTO_EVENT);
    EXPECT(shared.lock.reader_semaphore.header.kind, SEMAPHORE);
    ExAcquireReadWriteLockShared(&shared.lock);
    EXPECT(shared.lock.readers, 1);
    ExReleaseReadWriteLock(&shared.lock);
    EXPECT(shared.lock.lock_count, -1);
    EXPECT(shared.lock.readers, 0);
}

static uint32_t try_both(uint32_t argument) {
    (void)argument;
    uint32_t result = 0;
    if (ExTryToAcquireReadWriteLockShared(&shared.lock)) {
        result |= 1;
        ExReleaseReadWriteLock(&shared.lock);
    }
    if (ExTryToAcquireReadWriteLockExclusive(&shared.lock)) {
        result |= 2;
        ExReleaseReadWriteLock(&shared.lock);
    }
    return result;
}

static void trying(void) {
    reset();
    EXPECT(join(start(try_both, 0, ON(1))), 3);
    ExAcquireReadWriteLockShared(&shared.lock);
    EXPECT(join(start(try_both, 0, ON(1))), 1);
    ExReleaseReadWriteLock(&shared.lock);
    ExAcquireReadWriteLockExclusive(&shared.lock);
    EXPECT(join(start(try_both, 0, ON(1))), 0);
    ExReleaseReadWriteLock(&shared.lock);
    EXPECT(join(start(try_both, 0, ON(1))), 3);
}

static uint32_t read_until_stopped(uint32_t argument) {
    (void)argument;
    ExAcquireReadWriteLockShared(&shared.lock);
    while (!shared.stop) NtYieldExecution();
    ExReleaseReadWriteLock(&shared.lock);
    return 0;
}

static uint32_t write_once(uint32_t argument) {
    (void)argument;
    ExAcquireReadWriteLockExclusive(&shared.lock);
    shared.entered++;
    ExReleaseReadWriteLock(&shared.lock);
    return 0;
}

static uint32_t read_once(uint32_t argument) {
    (void)argument;
    ExAcquireReadWriteLockShared(&shared.lock);
    shared.entered++;
    ExReleaseReadWriteLock(&shared.lock);
    return 0;
}

static void a_writer_waits_for_all_readers(void) {
    reset();
    uint32_t first = start(read_until_stopped, 0, ON(1)), second = start(read_until_stopped, 0, ON(2));
    settle();
    EXPECT(shared.lock.readers, 2);
    uint32_t writer = start(write_once, 0, ON(3));
    settle();
    EXPECT(shared.entered, 0);
    EXPECT(shared.lock.writers_waiting, 1);
    shared.stop = 1;
    EXPECT(join(first), 0);
    EXPECT(join(second), 0);
    EXPECT(join(writer), 0);
    EXPECT(shared.entered, 1);
    EXPECT(shared.lock.lock_count, -1);
}

static void readers_wait_for_the_writer(void) {
    reset();
    ExAcquireReadWriteLockExclusive(&shared.lock);
    uint32_t readers[3];
    // On one hardware thread, as they count without a lock.
    for (int i = 0; i < 3; i++) readers[i] = start(read_once, 0, ON(2));
    settle();
    EXPECT(shared.entered, 0);
    EXPECT(shared.lock.readers_waiting, 3);
    ExReleaseReadWriteLock(&shared.lock);
    for (int i = 0; i < 3; i++) EXPECT(join(readers[i]), 0);
    EXPECT(shared.entered, 3);
    EXPECT(shared.lock.lock_count, -1);
    EXPECT(shared.lock.readers_waiting, 0);
}

static void a_waiting_writer_keeps_readers_out(void) {
    reset();
    uint32_t reader = start(read_until_stopped, 0, ON(1));
    settle();
    uint32_t writer = start(write_once, 0, ON(2));
    settle();
    EXPECT(join(start(try_both, 0, ON(3))), 0);
    shared.stop = 1;
    EXPECT(join(reader), 0);
    EXPECT(join(writer), 0);
}

enum { ROUNDS = 60 };

static uint32_t read_and_write(uint32_t argument) {
    for (uint32_t i = 0; i < ROUNDS; i++) {
        if ((i + argument) % 3 == 0) {
            ExAcquireReadWriteLockExclusive(&shared.lock);
            uint32_t before = shared.total;
            shared.writers++;
            if (i % 4 == 0) NtYieldExecution();
            if (shared.writers != 1) return 1;
            shared.writers--;
            shared.total = before + 1;
        } else {
            ExAcquireReadWriteLockShared(&shared.lock);
            uint32_t before = shared.total;
            if (i % 4 == 0) NtYieldExecution();
            if (shared.writers != 0 || shared.total != before) return 2;
        }
        ExReleaseReadWriteLock(&shared.lock);
    }
    return 0;
}

static void six_threads(void) {
    uint32_t threads[6];
    reset();
    for (uint32_t i = 0; i < 6; i++) threads[i] = start(read_and_write, i, ON(i));
    for (uint32_t i = 0; i < 6; i++) EXPECT(join(threads[i]), 0);
    EXPECT(shared.total, 6 * ROUNDS / 3);
    EXPECT(shared.lock.lock_count, -1);
    EXPECT(shared.lock.readers, 0);
}

SUBJECT(read_write_locks, {"fields", fields}, {"trying", trying},
        {"a_writer_waits_for_all_readers", a_writer_waits_for_all_readers},
        {"readers_wait_for_the_writer", readers_wait_for_the_writer},
        {"a_waiting_writer_keeps_readers_out", a_waiting_writer_keeps_readers_out},
        {"six_threads", six_threads});
