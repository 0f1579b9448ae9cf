// Priorities: who runs first on one hardware thread, boosts, and a thousand threads there.
#include "suite.h"
#include "atomic.h"

static struct {
    struct header event;
    struct log log;
} shared;

// Also ends any boost of the caller.
static void reset(void) {
    shared.log.digits = 0;
    KeInitializeEvent(&shared.event, MANUAL_EVENT, 0);
    KeSetBasePriorityThread(current_thread(), 0);
}

static void increments(void) {
    void *self = current_thread();
    EXPECT(KeQueryBasePriorityThread(self), 0);
    EXPECT(KeSetBasePriorityThread(self, 2), 0);
    EXPECT(KeQueryBasePriorityThread(self), 2);
    EXPECT(KeSetBasePriorityThread(self, -1), 2);
    EXPECT(KeSetBasePriorityThread(self, 0), -1);
    EXPECT(KeQueryBasePriorityThread(self), 0);
}

static void boosts_can_be_turned_off(void) {
    void *self = current_thread();
    EXPECT(KeSetDisableBoostThread(self, 1), 0);
    EXPECT(KeSetDisableBoostThread(self, 0), 1);
    EXPECT(KeSetDisableBoostThread(self, 0), 0);
}

static uint32_t note_when_woken(uint32_t digit) {
    uint32_t status = wait_for(&shared.event, &long_wait);
    log_digit(&shared.log, digit);
    return status;
}

// A thread on the caller's hardware thread, waiting, with this increment.
static uint32_t waiting_with(int32_t increment, uint32_t digit) {
    uint32_t thread = start(note_when_woken, digit, CREATE_SUSPENDED);
    KeSetBasePriorityThread(object_of(thread), increment);
    NtResumeThread(thread, 0);
    settle();
    KeSetBasePriorityThread(current_thread(), 0);
    return thread;
}

static void a_higher_one_runs_at_once(void) {
    reset();
    uint32_t thread = waiting_with(2, 2);
    log_digit(&shared.log, 1);
    KeSetEvent(&shared.event, 0, 0);
    log_digit(&shared.log, 3);
    EXPECT(join(thread), SUCCESS);
    EXPECT(shared.log.digits, 0x123);
}

static void a_lower_one_waits(void) {
    reset();
    uint32_t thread = waiting_with(-2, 2);
    KeSetEvent(&shared.event, 0, 0);
    log_digit(&shared.log, 1);
    EXPECT(join(thread), SUCCESS);
    EXPECT(shared.log.digits, 0x12);
}

static void a_boosted_one_runs_at_once(void) {
    reset();
    uint32_t thread = waiting_with(0, 2);
    KeSetEvent(&shared.event, 1, 0);
    log_digit(&shared.log, 3);
    EXPECT(join(thread), SUCCESS);
    EXPECT(shared.log.digits, 0x23);
    // Not where that is turned off.
    reset();
    thread = waiting_with(0, 2);
    KeSetDisableBoostThread(object_of(thread), 1);
    KeSetEvent(&shared.event, 1, 0);
    log_digit(&shared.log, 1);
    EXPECT(join(thread), SUCCESS);
    EXPECT(shared.log.digits, 0x12);
}

static void the_highest_is_first(void) {
    static const int32_t increments[4] = {-1, 3, 1, 2};
    uint32_t threads[4];
    reset();
    for (int i = 0; i < 4; i++) threads[i] = waiting_with(increments[i], (uint32_t)(increments[i] + 4));
    KeSetBasePriorityThread(current_thread(), 15);
    KeSetEvent(&shared.event, 0, 0);
    EXPECT(shared.log.digits, 0);
    for (int i = 0; i < 4; i++) EXPECT(join(threads[i]), SUCCESS);
    KeSetBasePriorityThread(current_thread(), 0);
    EXPECT(shared.log.digits, 0x7653);
}

static void raised_while_ready(void) {
    reset();
    uint32_t thread = waiting_with(-2, 2);
    KeSetEvent(&shared.event, 0, 0);
    log_digit(&shared.log, 1);
    // It is ready, and not it but the caller runs, until this.
    KeSetBasePriorityThread(object_of(thread), 3);
    log_digit(&shared.log, 3);
    EXPECT(join(thread), SUCCESS);
    EXPECT(shared.log.digits, 0x123);
}

static volatile uint32_t has_run;

static uint32_t run_once(uint32_t argument) {
    has_run = 1;
    return argument;
}

// A thread that yields until another has run must not wait for ever.
static void a_yield_lets_a_lower_one_run(void) {
    for (int delays = 0; delays < 2; delays++) {
        has_run = 0;
        uint32_t thread = start(run_once, 7, CREATE_SUSPENDED), status = SUCCESS;
        KeSetBasePriorityThread(object_of(thread), -2);
        NtResumeThread(thread, 0);
        for (uint32_t calls = 0; !has_run && calls < 1000; calls++)
            status = delays ? KeDelayExecutionThread(1, 0, &no_wait) : NtYieldExecution();
        EXPECT(has_run, 1);
        EXPECT(status, SUCCESS);
        EXPECT(join(thread), 7);
    }
}

static void absolute(void) {
    reset();
    uint32_t thread = start(note_when_woken, 2, CREATE_SUSPENDED);
    int32_t before = KeSetPriorityThread(object_of(thread), 12);
    EXPECT(before >= 1 && before < 16, 1);
    EXPECT(KeSetPriorityThread(object_of(thread), 13), 12);
    NtResumeThread(thread, 0);
    settle();
    log_digit(&shared.log, 1);
    KeSetEvent(&shared.event, 0, 0);
    log_digit(&shared.log, 3);
    EXPECT(join(thread), SUCCESS);
    EXPECT(shared.log.digits, 0x123);
}

static uint32_t own_increment(uint32_t argument) {
    (void)argument;
    return (uint32_t)KeQueryBasePriorityThread(current_thread());
}

static void made_with_one_step_more(void) {
    EXPECT(join(start(own_increment, 0, 0)), 0);
    EXPECT(join(start(own_increment, 0, 0x20)), 1);
}

// Equals take turns by time alone: each waits for the other without a call.
enum { TURNS = 3 };
static volatile uint32_t turn;

static uint32_t take_turns(uint32_t mine) {
    for (uint32_t i = 0; i < TURNS; i++) {
        while (turn % 2 != mine) {
        }
        turn++;
    }
    return 0;
}

static void equals_share_the_time(void) {
    turn = 0;
    uint32_t first = start(take_turns, 0, ON(5)), second = start(take_turns, 1, ON(5));
    EXPECT(join(first), 0);
    EXPECT(join(second), 0);
    EXPECT(turn, 2 * TURNS);
}

enum { MANY = 1000 };
static uint32_t many[MANY];
static uint32_t arrived, woken;

static uint32_t arrive_and_wait(uint32_t argument) {
    atomic_add(&arrived, 1);
    uint32_t status = wait_for(&shared.event, &long_wait);
    atomic_add(&woken, argument);
    return status;
}

static void a_thousand_on_one(void) {
    uint32_t failed = 0, ended = 0;
    reset();
    arrived = woken = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        failed += ExCreateThread(&many[i], 0x4000, 0, 0, arrive_and_wait, (void *)i, ON(3)) != SUCCESS;
    }
    EXPECT(failed, 0);
    EXPECT(wait_until(&arrived, MANY), 1);
    settle();
    EXPECT(woken, 0);
    KeSetEvent(&shared.event, 0, 0);
    for (uint32_t i = 0; i < MANY; i++) ended += join(many[i]) == SUCCESS;
    EXPECT(ended, MANY);
    EXPECT(woken, MANY * (MANY - 1) / 2);
}

SUBJECT(priorities, {"increments", increments}, {"boosts_can_be_turned_off", boosts_can_be_turned_off},
        {"a_higher_one_runs_at_once", a_higher_one_runs_at_once}, {"a_lower_one_waits", a_lower_one_waits},
        {"a_boosted_one_runs_at_once", a_boosted_one_runs_at_once},
        {"the_highest_is_first", the_highest_is_first}, {"raised_while_ready", raised_while_ready},
        {"a_yield_lets_a_lower_one_run", a_yield_lets_a_lower_one_run},
        {"absolute", absolute}, {"made_with_one_step_more", made_with_one_step_more},
        {"equals_share_the_time", equals_share_the_time}, {"a_thousand_on_one", a_thousand_on_one});
