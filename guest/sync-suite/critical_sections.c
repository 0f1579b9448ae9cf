// Critical sections: fields, nesting, trying, contention, and nothing lost.
#include "suite.h"

static struct {
    struct section section;
    volatile uint32_t total, tries;
} shared;

static void fields(void) {
    struct section s;
    memset(&s, 0xEE, sizeof s);
    RtlInitializeCriticalSection(&s);
    EXPECT(s.lock_count, -1);
    EXPECT(s.recursion, 0);
    EXPECT(s.owner, 0);
    EXPECT(s.header.state, 0);
    EXPECT(s.header.absolute, 0);
    // The spin count is kept in units of 256, and does not pass 255 of them.
    EXPECT(RtlInitializeCriticalSectionAndSpinCount(&s, 1024), SUCCESS);
    EXPECT(s.header.absolute, 4);
    RtlInitializeCriticalSectionAndSpinCount(&s, 1025);
    EXPECT(s.header.absolute, 5);
    RtlInitializeCriticalSectionAndSpinCount(&s, 0x7FFFFFFF);
    EXPECT(s.header.absolute, 255);
    EXPECT(s.lock_count, -1);
}

static uint32_t try_it(uint32_t argument) {
    struct section *s = (struct section *)argument;
    uint32_t entered = RtlTryEnterCriticalSection(s);
    if (entered) RtlLeaveCriticalSection(s);
    return entered;
}

static void entries_nest(void) {
    struct section s;
    RtlInitializeCriticalSection(&s);
    RtlEnterCriticalSection(&s);
    EXPECT(s.lock_count, 0);
    EXPECT(s.recursion, 1);
    EXPECT(s.owner, current_thread());
    RtlEnterCriticalSection(&s);
    EXPECT(RtlTryEnterCriticalSection(&s), 1);
    EXPECT(s.lock_count, 2);
    EXPECT(s.recursion, 3);
    for (int i = 0; i < 3; i++) {
        EXPECT(join(start(try_it, (uint32_t)&s, ON(1))), 0);
        RtlLeaveCriticalSection(&s);
    }
    EXPECT(s.lock_count, -1);
    EXPECT(s.recursion, 0);
    EXPECT(s.owner, 0);
    EXPECT(join(start(try_it, (uint32_t)&s, ON(1))), 1);
    EXPECT(s.lock_count, -1);
}

static struct log order;

static uint32_t enter_in_turn(uint32_t digit) {
    RtlEnterCriticalSection(&shared.section);
    log_digit(&order, digit);
    RtlLeaveCriticalSection(&shared.section);
    return 0;
}

static void waiters_are_counted_and_let_in(void) {
    uint32_t threads[3];
    order.digits = 0;
    RtlInitializeCriticalSection(&shared.section);
    RtlEnterCriticalSection(&shared.section);
    for (uint32_t i = 0; i < 3; i++) {
        threads[i] = start(enter_in_turn, i + 1, ON(i + 1));
        settle();
        EXPECT(shared.section.lock_count, i + 1);
    }
    EXPECT(order.digits, 0);
    EXPECT(shared.section.owner, current_thread());
    RtlLeaveCriticalSection(&shared.section);
    for (uint32_t i = 0; i < 3; i++) EXPECT(join(threads[i]), 0);
    EXPECT(order.digits, 0x123);
    EXPECT(shared.section.lock_count, -1);
}

static void nested_leaves_let_nobody_in(void) {
    order.digits = 0;
    RtlInitializeCriticalSection(&shared.section);
    RtlEnterCriticalSection(&shared.section);
    RtlEnterCriticalSection(&shared.section);
    uint32_t thread = start(enter_in_turn, 1, ON(1));
    settle();
    RtlLeaveCriticalSection(&shared.section);
    settle();
    EXPECT(order.digits, 0);
    RtlLeaveCriticalSection(&shared.section);
    EXPECT(join(thread), 0);
    EXPECT(order.digits, 1);
}

enum { ROUNDS = 150 };

static uint32_t add(uint32_t argument) {
    for (uint32_t i = 0; i < ROUNDS; i++) {
        if (argument % 2) {
            while (!RtlTryEnterCriticalSection(&shared.section)) NtYieldExecution();
        } else {
            RtlEnterCriticalSection(&shared.section);
        }
        if (i % 4 == 0) RtlEnterCriticalSection(&shared.section);
        uint32_t before = shared.total;
        for (volatile uint32_t j = 0; j < i % 16; j++) {
        }
        if (i % 16 == argument) NtYieldExecution();
        if (shared.section.owner != current_thread()) return 1;
        shared.total = before + 1;
        if (i % 4 == 0) RtlLeaveCriticalSection(&shared.section);
        RtlLeaveCriticalSection(&shared.section);
    }
    return 0;
}

static void contended(uint32_t flags_step) {
    uint32_t threads[6];
    RtlInitializeCriticalSectionAndSpinCount(&shared.section, 1000);
    shared.total = 0;
    for (uint32_t i = 0; i < 6; i++) threads[i] = start(add, i, ON(i * flags_step));
    for (uint32_t i = 0; i < 6; i++) EXPECT(join(threads[i]), 0);
    EXPECT(shared.total, 6 * ROUNDS);
    EXPECT(shared.section.lock_count, -1);
    EXPECT(shared.section.recursion, 0);
    EXPECT(shared.section.owner, 0);
}

static void six_threads(void) { contended(1); }
static void six_threads_on_one(void) { contended(0); }

SUBJECT(critical_sections, {"fields", fields}, {"entries_nest", entries_nest},
        {"waiters_are_counted_and_let_in", waiters_are_counted_and_let_in},
        {"nested_leaves_let_nobody_in", nested_leaves_let_nobody_in}, {"six_threads", six_threads},
        {"six_threads_on_one", six_threads_on_one});
