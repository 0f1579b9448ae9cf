// Races between all events that end a wait: signals, time-outs, asynchronous calls, suspension and
// the ends of threads, on six hardware threads. The sums sent and received must be equal.
//
// Settings: `rounds` of each phase.
#include "crew.h"

enum { ROUNDS = 3000, SLEEPERS = 3, SIGNALLERS = 2, BACKLOG = 64 };

static struct {
    struct semaphore semaphore;
    struct header event;
    struct mutant mutant;
    uint32_t threads[SLEEPERS];
    volatile uint32_t stop, inside, overlaps, strange;
    // Given and received.
    volatile uint32_t released, taken, set, consumed, queued, called, abandons, abandoned, suspended, resumed, ended;
} shared;
static uint32_t rounds;

static void on_apc(uint32_t context, uint32_t argument1, uint32_t argument2) {
    (void)context, (void)argument1, (void)argument2;
    atomic_add(&shared.called, 1);
}

// From not at all to longer than anything takes here; a wait without end
// could outlast the others' rounds.
static const int64_t timeouts[4] = {0, -1, -200, -20000};

// Took the mutant: nobody else has it.
static void own(uint32_t was_abandoned) {
    if (was_abandoned) atomic_add(&shared.abandoned, 1);
    if (atomic_add(&shared.inside, 1)) atomic_add(&shared.overlaps, 1);
    atomic_add(&shared.inside, ~0u);
}

static void sleep_once(uint32_t *state) {
    void *objects[3] = {&shared.semaphore, &shared.event, &shared.mutant};
    const int64_t *timeout = &timeouts[random(state) % 4];
    uint32_t kind = random(state) % 5, result;
    switch (kind) {
        case 0:
        case 1: result = KeWaitForSingleObject(objects[kind], 3, 1, 1, timeout); break;
        case 2: result = KeWaitForMultipleObjects(3, objects, WAIT_ANY, 3, 1, 1, timeout, 0); break;
        case 3: result = KeWaitForMultipleObjects(2, objects, WAIT_ALL, 3, 1, 1, timeout, 0); break;
        default:
            result = KeDelayExecutionThread(1, 1, timeout);
            if (result != SUCCESS && result != NO_YIELD_PERFORMED && result != USER_APC) atomic_add(&shared.strange, 1);
            return;
    }
    if (result == USER_APC || result == TIMEOUT) return;
    uint32_t index = kind == 2 ? result & 0x7F : kind;
    if (index > 3 || (result & ~0x83u)) {
        atomic_add(&shared.strange, 1);
        return;
    }
    if (index == 0 || index == 3) atomic_add(&shared.taken, 1);
    if (index == 1 || index == 3) atomic_add(&shared.consumed, 1);
    if (index == 2) {
        own(result & ABANDONED);
        KeReleaseMutant(&shared.mutant, 0, 0, 0);
    }
}

static uint32_t sleeper(uint32_t number) {
    uint32_t state = number * 31 + 5;
    while (!shared.stop) sleep_once(&state);
    // Packets that are still queued.
    while (KeDelayExecutionThread(1, 1, &no_wait) == USER_APC) {
    }
    return 0;
}

static uint32_t signaller(uint32_t number) {
    uint32_t state = number * 57 + 11;
    for (uint32_t i = 0; i < rounds / SIGNALLERS; i++) {
        uint32_t thread = shared.threads[random(&state) % SLEEPERS], previous = 0;
        switch (random(&state) % 4) {
            case 0:
                atomic_add(&shared.released, 1);
                KeReleaseSemaphore(&shared.semaphore, 0, 1, 0);
                break;
            case 1:
                if (KeSetEvent(&shared.event, 0, 0) == 0) atomic_add(&shared.set, 1);
                break;
            case 2:
                if (shared.queued - shared.called < BACKLOG && NtQueueApcThread(thread, on_apc, i, 0, 0) == SUCCESS)
                    atomic_add(&shared.queued, 1);
                break;
            default:
                if (NtSuspendThread(thread, 0) == SUCCESS) atomic_add(&shared.suspended, 1);
                if (random(&state) % 4 == 0) KeDelayExecutionThread(0, 0, &timeouts[1]);
                if (NtResumeThread(thread, &previous) == SUCCESS && previous) atomic_add(&shared.resumed, 1);
        }
    }
    return 0;
}

// Ends with the mutant, if it gets it, or in the midst of what the sleepers do.
static uint32_t short_lived(uint32_t number) {
    uint32_t state = number;
    if (number % 2) {
        uint32_t result = wait_for(&shared.mutant, &timeouts[3]);
        if (result != TIMEOUT) {
            own(result & ABANDONED);
            atomic_add(&shared.abandons, 1);
        }
    } else {
        sleep_once(&state);
    }
    return 0x77;
}

static uint32_t ender(uint32_t argument) {
    (void)argument;
    uint32_t state = 3;
    for (uint32_t i = 0; i < rounds / 16; i++) {
        uint32_t thread = start(short_lived, i, ON(random(&state) % CREW)), result;
        do {
            result = wait_handle(thread, &timeouts[random(&state) % 4]);
        } while (result == TIMEOUT);
        if (finish(thread) == 0x77) atomic_add(&shared.ended, 1);
    }
    return 0;
}

static void race(void) {
    uint32_t others[SIGNALLERS + 1], failed = 0;
    KeInitializeSemaphore(&shared.semaphore, 0, 0x7FFFFFFF);
    KeInitializeEvent(&shared.event, AUTO_EVENT, 0);
    KeInitializeMutant(&shared.mutant, 0);
    for (uint32_t i = 0; i < SLEEPERS; i++) shared.threads[i] = start(sleeper, i, ON(i));
    for (uint32_t i = 0; i < SIGNALLERS; i++) others[i] = start(signaller, i, ON(SLEEPERS + i));
    others[SIGNALLERS] = start(ender, 0, ON(5));
    for (uint32_t i = 0; i <= SIGNALLERS; i++) failed += finish(others[i]) != 0;
    shared.stop = 1;
    for (uint32_t i = 0; i < SLEEPERS; i++) failed += finish(shared.threads[i]) != 0;
    // The last one to end may have left the mutant behind.
    uint32_t last = wait_for(&shared.mutant, &no_wait);
    if (last == TIMEOUT) failed++;
    else own(last & ABANDONED);
    KeReleaseMutant(&shared.mutant, 0, 0, 0);
    expect_count("threads that failed", failed, 0);
    expect_count("semaphore", shared.taken + (uint32_t)shared.semaphore.header.state, shared.released);
    expect_count("event", shared.consumed + (uint32_t)shared.event.state, shared.set);
    expect_count("asynchronous calls", shared.called, shared.queued);
    expect_count("abandoned mutants", shared.abandoned, shared.abandons);
    expect_count("owners at the same time", shared.overlaps, 0);
    expect_count("resumed", shared.resumed, shared.suspended);
    expect_count("ended", shared.ended, rounds / 16);
    expect_count("strange results", shared.strange, 0);
}

// Pairs that wake each other in turn and wait without end: a wake that is lost stops them for good.
// A third party suspends, resumes and calls them meanwhile.
static struct {
    struct header events[2];
    struct semaphore semaphores[2];
    uint32_t handles[2];
    volatile uint32_t turns[CREW], left;
} pairs;

static void until_taken(void *object, uint32_t alertable) {
    while (KeWaitForSingleObject(object, 3, 1, alertable, 0) == USER_APC) {
    }
}

static uint32_t by_events(uint32_t i, uint32_t second) {
    if (!second) KeSetEvent(&pairs.events[0], 0, 0);
    until_taken(&pairs.events[!second], i % 2);
    if (second) KeSetEvent(&pairs.events[1], 0, 0);
    return 0;
}

static uint32_t by_semaphores(uint32_t i, uint32_t second) {
    if (!second) KeReleaseSemaphore(&pairs.semaphores[0], 0, 1, 0);
    until_taken(&pairs.semaphores[!second], i % 2);
    if (second) KeReleaseSemaphore(&pairs.semaphores[1], 0, 1, 0);
    return 0;
}

static uint32_t by_handles(uint32_t i, uint32_t second) {
    (void)i;
    if (!second) return NtSignalAndWaitForSingleObjectEx(pairs.handles[0], pairs.handles[1], 1, 0, 0);
    uint32_t result = wait_handle(pairs.handles[0], 0);
    NtSetEvent(pairs.handles[1], 0);
    return result;
}

static uint32_t player(uint32_t cpu) {
    static uint32_t (*const turns[3])(uint32_t, uint32_t) = {by_events, by_semaphores, by_handles};
    uint32_t failed = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        failed += turns[cpu / 2](i, cpu % 2) != SUCCESS;
        pairs.turns[cpu]++;
    }
    atomic_add(&pairs.left, ~0u);
    return failed;
}

static void ignore(uint32_t context, uint32_t argument1, uint32_t argument2) {
    (void)context, (void)argument1, (void)argument2;
}

static void play(void) {
    static const char *const names[3] = {"turns by events", "turns by semaphores", "turns by handles"};
    uint32_t threads[CREW], state = 9, failed = 0;
    for (uint32_t i = 0; i < 2; i++) {
        KeInitializeEvent(&pairs.events[i], AUTO_EVENT, 0);
        KeInitializeSemaphore(&pairs.semaphores[i], 0, 1);
        NtCreateEvent(&pairs.handles[i], 0, AUTO_EVENT, 0);
    }
    pairs.left = CREW;
    for (uint32_t i = 0; i < CREW; i++) threads[i] = start(player, i, ON(i));
    while (pairs.left) {
        uint32_t thread = threads[random(&state) % CREW];
        if (random(&state) % 2) {
            if (NtSuspendThread(thread, 0) == SUCCESS) NtResumeThread(thread, 0);
        } else if (random(&state) % 4 == 0) {
            NtQueueApcThread(thread, ignore, 0, 0, 0);
        }
        KeDelayExecutionThread(0, 0, &timeouts[random(&state) % 4]);
    }
    for (uint32_t i = 0; i < CREW; i++) failed += finish(threads[i]) != 0;
    expect_count("players that failed", failed, 0);
    for (uint32_t i = 0; i < 3; i++) expect_count(names[i], pairs.turns[2 * i] + pairs.turns[2 * i + 1], 2 * rounds);
    for (uint32_t i = 0; i < 2; i++) NtClose(pairs.handles[i]);
}

// A timer is set, then waited for without a timeout: a search for the next event between the two
// must not find none. First on one hardware thread, where no other event can come, then on all.
static uint32_t wait_for_timers(uint32_t cpu) {
    struct timer timer;
    uint32_t state = cpu, failed = 0;
    KeInitializeTimerEx(&timer, AUTO_TIMER - MANUAL_TIMER);
    for (uint32_t i = 0; i < rounds / 16; i++) {
        uint32_t due = random(&state) % 64;
        ke_set_timer(&timer, 0xFFFFFFFF, 0xFFFFFFFF - due * due, 0, 0);
        failed += wait_for(&timer, 0) != SUCCESS || timer.header.inserted;
    }
    return failed;
}

int main(void) {
    rounds = setting("rounds", ROUNDS);
    race();
    play();
    expect_count("timers that one thread waited for", rounds / 16 - wait_for_timers(0), rounds / 16);
    expect_count("threads whose timers came", CREW - on_all(wait_for_timers), CREW);
    DbgPrint("%u wrong\n", wrong_counts());
    return (int)wrong_counts();
}
