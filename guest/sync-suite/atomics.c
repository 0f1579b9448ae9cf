// Reservations as titles use them: spin locks, lock-free lists and counters, on all hardware threads.
#include "atomic.h"
#include "suite.h"

enum { THREADS = 6, ROUNDS = 300 };

static struct {
    volatile uint32_t lock, total, counter;
    volatile uint64_t wide;
    struct entry *volatile top;
    struct entry entries[THREADS];
} shared;

// Runs a routine on each hardware thread, and then compares its results.
static void on_all(uint32_t (*routine)(uint32_t), uint32_t expected) {
    uint32_t threads[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) threads[i] = start(routine, i, ON(i));
    for (uint32_t i = 0; i < THREADS; i++) EXPECT(join(threads[i]), expected);
}

static uint32_t add_under_lock(uint32_t argument) {
    for (uint32_t i = 0; i < ROUNDS; i++) {
        while (!compare_and_swap(&shared.lock, 0, argument + 1)) pause();
        barrier();
        uint32_t before = shared.total;
        // Long enough to be interrupted in.
        for (volatile uint32_t j = 0; j < i % 16; j++) {
        }
        if (shared.lock != argument + 1) return 1;
        shared.total = before + 1;
        barrier();
        shared.lock = 0;
    }
    return 0;
}

static void spin_lock(void) {
    shared.lock = shared.total = 0;
    on_all(add_under_lock, 0);
    EXPECT(shared.total, THREADS * ROUNDS);
    EXPECT(shared.lock, 0);
}

static uint32_t add_words(uint32_t argument) {
    for (uint32_t i = 0; i < ROUNDS; i++) atomic_add(&shared.counter, argument + 1);
    return 0;
}

static void counter(void) {
    shared.counter = 0;
    on_all(add_words, 0);
    EXPECT(shared.counter, ROUNDS * (THREADS * (THREADS + 1) / 2));
}

void add_doublewords(volatile uint64_t *word, uint32_t rounds);

static uint32_t add_wide(uint32_t argument) {
    (void)argument;
    add_doublewords(&shared.wide, ROUNDS);
    return 0;
}

static void wide_counter(void) {
    shared.wide = 0xFFFFFFFF;
    on_all(add_wide, 0);
    EXPECT(shared.wide >> 32, 1);
    EXPECT((uint32_t)shared.wide, THREADS * ROUNDS - 1);
}

static void push(struct entry *entry) {
    uint32_t first;
    do {
        first = load_reserved(&shared.top);
        entry->next = (struct entry *)first;
        barrier();
    } while (!store_conditional(&shared.top, (uint32_t)entry));
}

static struct entry *pop(void) {
    struct entry *first;
    do {
        first = (struct entry *)load_reserved(&shared.top);
        if (!first) return 0;
    } while (!store_conditional(&shared.top, (uint32_t)first->next));
    return first;
}

static uint32_t pop_and_push(uint32_t argument) {
    (void)argument;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct entry *mine;
        while (!(mine = pop())) pause();
        // Nobody else has it now.
        uint32_t before = mine->value;
        for (volatile uint32_t j = 0; j < i % 8; j++) {
        }
        mine->value = before + 1;
        barrier();
        push(mine);
    }
    return 0;
}

static void stack(void) {
    uint32_t count = 0, total = 0;
    shared.top = 0;
    for (uint32_t i = 0; i < THREADS - 2; i++) {
        shared.entries[i].value = 0;
        push(&shared.entries[i]);
    }
    on_all(pop_and_push, 0);
    struct entry *entry;
    while (count < THREADS && (entry = pop())) {
        count++;
        total += entry->value;
    }
    EXPECT(count, THREADS - 2);
    EXPECT(total, THREADS * ROUNDS);
}

static void no_reservation_no_store(void) {
    shared.counter = 5;
    // Used up by the first store.
    load_reserved(&shared.counter);
    EXPECT(store_conditional(&shared.counter, 6), 1);
    EXPECT(store_conditional(&shared.counter, 7), 0);
    EXPECT(shared.counter, 6);
}

static uint32_t change(uint32_t argument) {
    atomic_add(&shared.counter, argument);
    return 0;
}

static void lost_to_another(void) {
    shared.counter = 5;
    uint32_t thread = start(change, 1, CREATE_SUSPENDED | ON(1));
    uint32_t before = load_reserved(&shared.counter);
    // A call that lets the other change the word: the reservation is gone.
    NtResumeThread(thread, 0);
    settle();
    EXPECT(store_conditional(&shared.counter, before + 100), 0);
    EXPECT(join(thread), 0);
    EXPECT(shared.counter, 6);
}

SUBJECT(atomics, {"spin_lock", spin_lock}, {"counter", counter}, {"wide_counter", wide_counter},
        {"stack", stack}, {"no_reservation_no_store", no_reservation_no_store},
        {"lost_to_another", lost_to_another});
