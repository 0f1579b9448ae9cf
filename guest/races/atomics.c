// Locks and lock-free structures under six threads: each operation adds one to a
// number by a plain load and a plain store, or takes an entry off a list and puts it
// back, and in the end none is missing.
//
// Settings: `operations` of each kind, all threads together.
#include "crew.h"

enum { OPERATIONS = 6000, ENTRIES = 4 };

// Pops and pushes by ldarx and stdcx.; the head is a pointer and a
// count of changes (atomics_stack.S).
void push_counted(volatile uint64_t *head, struct entry *entry);
struct entry *pop_counted(volatile uint64_t *head);

static uint32_t each;
static struct {
    volatile uint32_t own_lock;
    uint8_t line0[124];
    volatile uint32_t kernel_lock;
    uint8_t line1[124];
    struct section section;
    volatile uint32_t total, word;
    volatile uint64_t wide, stack;
    struct list_head list;
    struct header event;
    struct mutant mutant;
    struct entry entries[ENTRIES];
} shared __attribute__((aligned(128)));

// A sum that a lock guards: without it, an interruption between load
// and store would lose an addition.
static void add(uint32_t i) {
    uint32_t before = shared.total;
    for (volatile uint32_t j = i % 8; j; j--) {
    }
    shared.total = before + 1;
}

static uint32_t under_own_lock(uint32_t cpu) {
    for (uint32_t i = 0; i < each; i++) {
        while (!compare_and_swap(&shared.own_lock, 0, cpu + 1)) pause();
        __asm__ volatile("isync" ::: "memory");
        add(i);
        barrier();
        shared.own_lock = 0;
    }
    return 0;
}

static uint32_t under_kernel_lock(uint32_t cpu) {
    (void)cpu;
    for (uint32_t i = 0; i < each; i++) {
        uint32_t level = KfAcquireSpinLock(&shared.kernel_lock);
        add(i);
        KfReleaseSpinLock(&shared.kernel_lock, level);
    }
    return 0;
}

static uint32_t in_section(uint32_t cpu) {
    (void)cpu;
    for (uint32_t i = 0; i < each; i++) {
        RtlEnterCriticalSection(&shared.section);
        add(i);
        RtlLeaveCriticalSection(&shared.section);
    }
    return 0;
}

static uint32_t owning_mutant(uint32_t cpu) {
    (void)cpu;
    for (uint32_t i = 0; i < each; i++) {
        if (wait_for(&shared.mutant, 0) != SUCCESS) return 1;
        add(i);
        KeReleaseMutant(&shared.mutant, 0, 0, 0);
    }
    return 0;
}

static uint32_t with_event(uint32_t cpu) {
    (void)cpu;
    for (uint32_t i = 0; i < each; i++) {
        if (wait_for(&shared.event, 0) != SUCCESS) return 1;
        add(i);
        KeSetEvent(&shared.event, 0, 0);
    }
    return 0;
}

static uint32_t word(uint32_t cpu) {
    (void)cpu;
    for (uint32_t i = 0; i < each; i++) atomic_add(&shared.word, 1);
    return 0;
}

void add_doublewords(volatile uint64_t *word, uint32_t rounds);

static uint32_t doubleword(uint32_t cpu) {
    (void)cpu;
    add_doublewords(&shared.wide, each);
    return 0;
}

// Nobody else has an entry that was popped.
static void use(struct entry *entry) {
    uint32_t before = entry->value;
    for (volatile uint32_t j = before % 4; j; j--) {
    }
    entry->value = before + 1;
}

static uint32_t own_stack(uint32_t cpu) {
    (void)cpu;
    for (uint32_t i = 0; i < each; i++) {
        struct entry *entry;
        while (!(entry = pop_counted(&shared.stack))) pause();
        use(entry);
        push_counted(&shared.stack, entry);
    }
    return 0;
}

static uint32_t kernel_list(uint32_t cpu) {
    (void)cpu;
    for (uint32_t i = 0; i < each; i++) {
        struct entry *entry;
        while (!(entry = InterlockedPopEntrySList(&shared.list))) pause();
        use(entry);
        InterlockedPushEntrySList(&shared.list, entry);
    }
    return 0;
}

static void locked(const char *name, uint32_t (*routine)(uint32_t)) {
    shared.total = 0;
    uint32_t failed = on_all(routine);
    expect_count(name, failed ? ~failed : shared.total, each * CREW);
}

static void list(const char *name, uint32_t (*routine)(uint32_t), void (*push)(struct entry *),
                 struct entry *(*pop)(void)) {
    uint32_t total = 0, count = 0;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        shared.entries[i].value = 0;
        push(&shared.entries[i]);
    }
    uint32_t failed = on_all(routine);
    struct entry *entry;
    // No more than there are, or the list has a circle.
    while (count <= ENTRIES && (entry = pop())) {
        count++;
        total += entry->value;
    }
    expect_count(name, failed || count != ENTRIES ? ~count : total, each * CREW);
}

static void push_own(struct entry *entry) { push_counted(&shared.stack, entry); }
static struct entry *pop_own(void) { return pop_counted(&shared.stack); }
static void push_kernel(struct entry *entry) { InterlockedPushEntrySList(&shared.list, entry); }
static struct entry *pop_kernel(void) { return InterlockedPopEntrySList(&shared.list); }

int main(void) {
    each = (setting("operations", OPERATIONS) + CREW - 1) / CREW;
    RtlInitializeCriticalSection(&shared.section);
    KeInitializeMutant(&shared.mutant, 0);
    KeInitializeEvent(&shared.event, AUTO_EVENT, 1);
    locked("own spin lock", under_own_lock);
    locked("kernel spin lock", under_kernel_lock);
    locked("critical section", in_section);
    locked("mutant", owning_mutant);
    locked("event", with_event);
    uint32_t failed = on_all(word);
    expect_count("word", failed ? ~failed : shared.word, each * CREW);
    failed = on_all(doubleword);
    expect_count("doubleword", failed || shared.wide >> 32 ? ~failed : (uint32_t)shared.wide, each * CREW);
    list("own stack", own_stack, push_own, pop_own);
    list("kernel list", kernel_list, push_kernel, pop_kernel);
    DbgPrint("%u wrong\n", wrong_counts());
    return (int)wrong_counts();
}
