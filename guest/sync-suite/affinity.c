// Where threads run: moving oneself, moving others whatever they do, and what they see of it.
#include "suite.h"

static struct {
    struct header event;
    struct section section;
    struct mutant mutant;
    volatile uint32_t spin_lock, stop, seen;
} shared;

static uint32_t move(void *thread, uint32_t cpu) { return KeSetAffinityThread(thread, 1u << cpu, 0); }

static void oneself_within_the_call(void) {
    void *self = current_thread();
    uint32_t home = current_cpu(), previous = 0, last = 1u << home;
    EXPECT(FIELD(self, uint8_t, THREAD_CPU), home);
    for (uint32_t cpu = 0; cpu < 6; cpu++) {
        EXPECT(KeSetAffinityThread(self, 1u << cpu, &previous), SUCCESS);
        EXPECT(current_cpu(), cpu);
        EXPECT(current_thread(), self);
        EXPECT(FIELD(self, uint8_t, THREAD_CPU), cpu);
        EXPECT(previous, last);
        last = 1u << cpu;
    }
    EXPECT(move(self, home), SUCCESS);
    EXPECT(current_cpu(), home);
}

static uint32_t hop(uint32_t argument) {
    for (uint32_t i = 0; i < 60; i++) {
        uint32_t cpu = (argument + i) % 6;
        if (move(current_thread(), cpu) != SUCCESS || current_cpu() != cpu) return 1;
    }
    return 0;
}

static void six_at_once(void) {
    uint32_t threads[6];
    for (uint32_t i = 0; i < 6; i++) threads[i] = start(hop, i, ON(i));
    for (uint32_t i = 0; i < 6; i++) EXPECT(join(threads[i]), 0);
}

static void several_allowed(void) {
    void *self = current_thread();
    uint32_t home = current_cpu(), previous = 0;
    // Where it is is allowed: it stays.
    EXPECT(KeSetAffinityThread(self, 0x3F, &previous), SUCCESS);
    EXPECT(previous, 1u << home);
    EXPECT(current_cpu(), home);
    EXPECT(KeSetAffinityThread(self, 1u << home, &previous), SUCCESS);
    EXPECT(previous, 0x3F);
}

static void none_allowed(void) {
    void *self = current_thread();
    uint32_t home = current_cpu(), previous = 0;
    EXPECT(KeSetAffinityThread(self, 0, 0), INVALID_PARAMETER);
    EXPECT(KeSetAffinityThread(self, 1u << home, &previous), SUCCESS);
    EXPECT(previous, 1u << home);
}

// Threads that wait for something, and then say where they are.
static uint32_t by_event(uint32_t argument) {
    (void)argument;
    return wait_for(&shared.event, &long_wait) == SUCCESS ? current_cpu() : 99;
}

static uint32_t by_mutant(uint32_t argument) {
    (void)argument;
    if (wait_for(&shared.mutant, &long_wait) != SUCCESS) return 99;
    KeReleaseMutant(&shared.mutant, 0, 0, 0);
    return current_cpu();
}

static uint32_t by_section(uint32_t argument) {
    (void)argument;
    RtlEnterCriticalSection(&shared.section);
    uint32_t cpu = current_cpu();
    RtlLeaveCriticalSection(&shared.section);
    return cpu;
}

static uint32_t by_spin_lock(uint32_t argument) {
    (void)argument;
    uint32_t level = KfAcquireSpinLock(&shared.spin_lock);
    uint32_t cpu = current_cpu();
    KfReleaseSpinLock(&shared.spin_lock, level);
    return cpu;
}

static uint32_t by_delay(uint32_t argument) {
    (void)argument;
    sleep_ms(10);
    return current_cpu();
}

static uint32_t by_flag(uint32_t argument) {
    (void)argument;
    while (!shared.stop) {
    }
    return current_cpu();
}

static void move_and_release(uint32_t (*routine)(uint32_t), void (*release)(void)) {
    uint32_t thread = start(routine, 0, ON(1));
    settle();
    EXPECT(move(object_of(thread), 4), SUCCESS);
    EXPECT(FIELD(object_of(thread), uint8_t, THREAD_CPU), 4);
    settle();
    if (release) release();
    EXPECT(join(thread), 4);
}

static void set_event(void) { KeSetEvent(&shared.event, 0, 0); }
static void release_mutant(void) { KeReleaseMutant(&shared.mutant, 0, 0, 0); }
static void leave_section(void) { RtlLeaveCriticalSection(&shared.section); }
static void stop(void) { shared.stop = 1; }

static void a_waiter_for_an_event(void) {
    KeInitializeEvent(&shared.event, AUTO_EVENT, 0);
    move_and_release(by_event, set_event);
}

static void a_waiter_for_a_mutant(void) {
    KeInitializeMutant(&shared.mutant, 1);
    move_and_release(by_mutant, release_mutant);
}

static void a_waiter_for_a_section(void) {
    RtlInitializeCriticalSection(&shared.section);
    RtlEnterCriticalSection(&shared.section);
    move_and_release(by_section, leave_section);
}

static uint32_t hold_spin_lock(uint32_t argument) {
    (void)argument;
    uint32_t level = KfAcquireSpinLock(&shared.spin_lock);
    shared.seen = 1;
    while (!shared.stop) {
    }
    KfReleaseSpinLock(&shared.spin_lock, level);
    return 0;
}

static void a_waiter_for_a_spin_lock(void) {
    shared.spin_lock = shared.stop = shared.seen = 0;
    uint32_t holder = start(hold_spin_lock, 0, ON(5));
    settle();
    EXPECT(shared.seen, 1);
    move_and_release(by_spin_lock, stop);
    EXPECT(join(holder), 0);
}

static void a_sleeper(void) { move_and_release(by_delay, 0); }

static void a_running_one(void) {
    shared.stop = 0;
    move_and_release(by_flag, stop);
}

static uint32_t say_where(uint32_t argument) {
    (void)argument;
    return current_cpu();
}

static void a_suspended_one(void) {
    uint32_t thread = start(say_where, 0, CREATE_SUSPENDED | ON(1));
    EXPECT(move(object_of(thread), 5), SUCCESS);
    NtResumeThread(thread, 0);
    EXPECT(join(thread), 5);
}

SUBJECT(affinity, {"oneself_within_the_call", oneself_within_the_call}, {"six_at_once", six_at_once},
        {"several_allowed", several_allowed}, {"none_allowed", none_allowed},
        {"a_waiter_for_an_event", a_waiter_for_an_event}, {"a_waiter_for_a_mutant", a_waiter_for_a_mutant},
        {"a_waiter_for_a_section", a_waiter_for_a_section},
        {"a_waiter_for_a_spin_lock", a_waiter_for_a_spin_lock}, {"a_sleeper", a_sleeper},
        {"a_running_one", a_running_one}, {"a_suspended_one", a_suspended_one});
