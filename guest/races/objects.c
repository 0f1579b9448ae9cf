// Six threads at kernel objects of their own, by pointer and by handle: nothing of what one does is
// seen by another, nobody waits. How long that takes one thread, two and six of them is said; where
// the host has a processor for each, it is the same, as they have nothing in common.
//
// Settings: `rounds` of each thread.
#include "crew.h"

enum { ROUNDS = 1000 };

static struct own {
    struct header event;
    struct semaphore semaphore;
    struct mutant mutant;
    uint32_t event_handle, semaphore_handle;
    volatile uint32_t taken;
    uint8_t apart[256];
} crew[CREW];
static uint32_t rounds;

// Signals and takes each of its objects; how often something came out otherwise.
static uint32_t use(uint32_t number) {
    struct own *own = &crew[number];
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        wrong += KeSetEvent(&own->event, 0, 0) != 0;
        wrong += KeReleaseSemaphore(&own->semaphore, 0, 1, 0) != 0;
        wrong += NtSetEvent(own->event_handle, 0) != SUCCESS;
        wrong += NtReleaseSemaphore(own->semaphore_handle, 1, 0) != SUCCESS;
        wrong += wait_for(&own->event, 0) != SUCCESS;
        wrong += wait_for(&own->semaphore, 0) != SUCCESS;
        wrong += wait_for(&own->mutant, 0) != SUCCESS;
        wrong += wait_handle(own->event_handle, 0) != SUCCESS;
        wrong += wait_handle(own->semaphore_handle, 0) != SUCCESS;
        wrong += wait_for(&own->event, &no_wait) != TIMEOUT;
        wrong += KeReleaseMutant(&own->mutant, 0, 0, 0) != 0;
        own->taken++;
    }
    return wrong;
}

// So many threads at once.
static void work(uint32_t threads) {
    uint32_t handles[CREW], failed = 0, taken = 0, left = 0;
    uint64_t begin, end;
    KeQuerySystemTime(&begin);
    for (uint32_t i = 0; i < threads; i++) handles[i] = start(use, i, ON(i));
    for (uint32_t i = 0; i < threads; i++) failed += finish(handles[i]) != 0;
    KeQuerySystemTime(&end);
    for (uint32_t i = 0; i < threads; i++) {
        taken += crew[i].taken;
        crew[i].taken = 0;
        left += crew[i].event.state != 0 || crew[i].semaphore.header.state != 0 || crew[i].mutant.header.state != 1;
        left += wait_handle(crew[i].event_handle, &no_wait) != TIMEOUT;
        left += wait_handle(crew[i].semaphore_handle, &no_wait) != TIMEOUT;
    }
    DbgPrint("time %u threads %u us\n", threads, (uint32_t)(end - begin) / 10);
    expect_count("threads that failed", failed, 0);
    expect_count("rounds", taken, threads * rounds);
    expect_count("objects with something left", left, 0);
}

int main(void) {
    uint32_t refused = 0;
    rounds = setting("rounds", ROUNDS);
    for (uint32_t i = 0; i < CREW; i++) {
        KeInitializeEvent(&crew[i].event, AUTO_EVENT, 0);
        KeInitializeSemaphore(&crew[i].semaphore, 0, 0x7FFFFFFF);
        KeInitializeMutant(&crew[i].mutant, 0);
        refused += NtCreateEvent(&crew[i].event_handle, 0, AUTO_EVENT, 0) != SUCCESS;
        refused += NtCreateSemaphore(&crew[i].semaphore_handle, 0, 0, 0x7FFFFFFF) != SUCCESS;
    }
    expect_count("objects that were refused", refused, 0);
    work(1);
    work(2);
    work(CREW);
    DbgPrint("%u wrong\n", wrong_counts());
    return (int)wrong_counts();
}
