// Semaphores: counts, limits, who is woken, by pointer and by handle.
#include "suite.h"

// A raise of STATUS_SEMAPHORE_LIMIT_EXCEEDED by KeReleaseSemaphore is not asked for: nothing here could catch it.

static void ke_header(void) {
    struct semaphore s;
    memset(&s, 0xEE, sizeof s);
    KeInitializeSemaphore(&s, 2, 7);
    EXPECT(s.header.kind, SEMAPHORE);
    EXPECT(s.header.words, 5);
    EXPECT(s.header.state, 2);
    EXPECT(s.limit, 7);
    EXPECT(s.header.waiters.next, &s.header.waiters);
}

static void ke_counts(void) {
    struct semaphore s;
    KeInitializeSemaphore(&s, 2, 7);
    EXPECT(wait_for(&s, &no_wait), SUCCESS);
    EXPECT(s.header.state, 1);
    EXPECT(wait_for(&s, 0), SUCCESS);
    EXPECT(wait_for(&s, &no_wait), TIMEOUT);
    EXPECT(KeReleaseSemaphore(&s, 0, 3, 0), 0);
    EXPECT(KeReleaseSemaphore(&s, 0, 4, 0), 3);
    EXPECT(s.header.state, 7);
    for (int i = 0; i < 7; i++) EXPECT(wait_for(&s, &no_wait), SUCCESS);
    EXPECT(wait_for(&s, &no_wait), TIMEOUT);
}

struct waiters {
    struct semaphore semaphore;
    volatile uint32_t woken;
    uint32_t threads[3];
};

static uint32_t wait_and_count(uint32_t argument) {
    struct waiters *w = (struct waiters *)argument;
    uint32_t status = wait_for(&w->semaphore, &long_wait);
    if (status == SUCCESS) w->woken++;
    return status;
}

static void start_waiters(struct waiters *w) {
    KeInitializeSemaphore(&w->semaphore, 0, 10);
    w->woken = 0;
    for (int i = 0; i < 3; i++) w->threads[i] = start(wait_and_count, (uint32_t)w, ANYWHERE);
    settle();
}

static void join_waiters(struct waiters *w) {
    for (int i = 0; i < 3; i++) EXPECT(join(w->threads[i]), SUCCESS);
}

static void wakes_as_many_as_released(void) {
    struct waiters w;
    start_waiters(&w);
    EXPECT(KeReleaseSemaphore(&w.semaphore, 0, 2, 0), 0);
    settle();
    EXPECT(w.woken, 2);
    EXPECT(w.semaphore.header.state, 0);
    EXPECT(KeReleaseSemaphore(&w.semaphore, 0, 1, 0), 0);
    join_waiters(&w);
    EXPECT(w.woken, 3);
}

static void what_nobody_takes_stays(void) {
    struct waiters w;
    start_waiters(&w);
    EXPECT(KeReleaseSemaphore(&w.semaphore, 0, 5, 0), 0);
    join_waiters(&w);
    EXPECT(w.semaphore.header.state, 2);
}

static void nt_create_is_checked(void) {
    uint32_t s = 0;
    EXPECT(NtCreateSemaphore(&s, 0, 0, 0), INVALID_PARAMETER);
    EXPECT(NtCreateSemaphore(&s, 0, 2, 1), INVALID_PARAMETER);
    EXPECT(NtCreateSemaphore(&s, 0, -1, 1), INVALID_PARAMETER);
    EXPECT(NtCreateSemaphore(&s, 0, 0, -1), INVALID_PARAMETER);
    EXPECT(s, 0);
    EXPECT(NtCreateSemaphore(&s, 0, 1, 1), SUCCESS);
    EXPECT(wait_handle(s, &no_wait), SUCCESS);
    NtClose(s);
}

static void nt_release(void) {
    uint32_t s = 0;
    int32_t previous = 9;
    NtCreateSemaphore(&s, 0, 1, 4);
    EXPECT(NtReleaseSemaphore(s, 2, &previous), SUCCESS);
    EXPECT(previous, 1);
    EXPECT(NtReleaseSemaphore(s, 1, 0), SUCCESS);
    for (int i = 0; i < 4; i++) EXPECT(wait_handle(s, &no_wait), SUCCESS);
    EXPECT(wait_handle(s, &no_wait), TIMEOUT);
    NtClose(s);
}

static void nt_limit(void) {
    uint32_t s = 0;
    int32_t previous = 9;
    NtCreateSemaphore(&s, 0, 1, 2);
    EXPECT(NtReleaseSemaphore(s, 2, &previous), SEMAPHORE_LIMIT_EXCEEDED);
    EXPECT(previous, 9);
    EXPECT(wait_handle(s, &no_wait), SUCCESS);
    EXPECT(wait_handle(s, &no_wait), TIMEOUT);
    NtClose(s);
    // A sum beyond 32 bits is beyond every limit.
    NtCreateSemaphore(&s, 0, 0x7FFFFFFF, 0x7FFFFFFF);
    EXPECT(NtReleaseSemaphore(s, 0x7FFFFFFF, 0), SEMAPHORE_LIMIT_EXCEEDED);
    EXPECT(wait_handle(s, &no_wait), SUCCESS);
    EXPECT(NtReleaseSemaphore(s, 1, &previous), SUCCESS);
    EXPECT(previous, 0x7FFFFFFE);
    NtClose(s);
}

static void nt_release_of_nothing(void) {
    uint32_t s = 0;
    NtCreateSemaphore(&s, 0, 1, 2);
    EXPECT(NtReleaseSemaphore(s, 0, 0), INVALID_PARAMETER);
    EXPECT(NtReleaseSemaphore(s, -1, 0), INVALID_PARAMETER);
    NtClose(s);
}

static void nt_query(void) {
    uint32_t s = 0;
    int32_t information[2] = {9, 9};
    NtCreateSemaphore(&s, 0, 1, 4);
    EXPECT(NtQuerySemaphore(s, information), SUCCESS);
    EXPECT(information[0], 1);
    EXPECT(information[1], 4);
    NtClose(s);
}

// Producers and consumers on all hardware threads, with two semaphores around a ring.
enum { ITEMS = 40, PRODUCERS = 3, SLOTS = 4 };
static struct {
    struct semaphore free, full;
    struct section section;
    uint32_t ring[SLOTS];
    volatile uint32_t in, out, sum;
} queue;

static uint32_t produce(uint32_t base) {
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (wait_for(&queue.free, &long_wait) != SUCCESS) return 1;
        RtlEnterCriticalSection(&queue.section);
        queue.ring[queue.in++ % SLOTS] = base + i;
        RtlLeaveCriticalSection(&queue.section);
        KeReleaseSemaphore(&queue.full, 0, 1, 0);
    }
    return 0;
}

static uint32_t consume(uint32_t argument) {
    (void)argument;
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (wait_for(&queue.full, &long_wait) != SUCCESS) return 1;
        RtlEnterCriticalSection(&queue.section);
        queue.sum += queue.ring[queue.out++ % SLOTS];
        RtlLeaveCriticalSection(&queue.section);
        KeReleaseSemaphore(&queue.free, 0, 1, 0);
    }
    return 0;
}

static void producers_and_consumers(void) {
    uint32_t threads[2 * PRODUCERS], expected = 0;
    KeInitializeSemaphore(&queue.free, SLOTS, SLOTS);
    KeInitializeSemaphore(&queue.full, 0, SLOTS);
    RtlInitializeCriticalSection(&queue.section);
    queue.in = queue.out = queue.sum = 0;
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        threads[2 * i] = start(produce, 1000 * i, ON(2 * i));
        threads[2 * i + 1] = start(consume, 0, ON(2 * i + 1));
        for (uint32_t j = 0; j < ITEMS; j++) expected += 1000 * i + j;
    }
    for (int i = 0; i < 2 * PRODUCERS; i++) EXPECT(join(threads[i]), 0);
    EXPECT(queue.sum, expected);
    EXPECT(queue.free.header.state, SLOTS);
    EXPECT(queue.full.header.state, 0);
}

SUBJECT(semaphores, {"ke_header", ke_header}, {"ke_counts", ke_counts},
        {"wakes_as_many_as_released", wakes_as_many_as_released},
        {"what_nobody_takes_stays", what_nobody_takes_stays},
        {"nt_create_is_checked", nt_create_is_checked}, {"nt_release", nt_release}, {"nt_limit", nt_limit},
        {"nt_release_of_nothing", nt_release_of_nothing}, {"nt_query", nt_query},
        {"producers_and_consumers", producers_and_consumers});
