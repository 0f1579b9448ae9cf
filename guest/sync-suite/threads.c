// Threads: how they are made, what they are told, how they end and who hears of it.
#include "suite.h"

static struct {
    volatile uint32_t runs, cpu, context, start_address, id;
    void *volatile object;
} seen;

static uint32_t note(uint32_t context) {
    seen.runs++;
    seen.cpu = current_cpu();
    seen.object = current_thread();
    seen.context = context;
    return 0x1234;
}

static void forget(void) { memset(&seen, 0, sizeof seen); }

static uint32_t create(uint32_t *handle, uint32_t *id, void *startup, uint32_t stack, uint32_t flags) {
    return ExCreateThread(handle, stack, id, startup, note, (void *)0x77, flags);
}

static void end_is_a_signal(void) {
    forget();
    uint32_t thread = 0;
    EXPECT(create(&thread, 0, 0, 0, CREATE_SUSPENDED), SUCCESS);
    void *object = object_of(thread);
    EXPECT(wait_handle(thread, &no_wait), TIMEOUT);
    EXPECT(((struct header *)object)->kind, THREAD);
    EXPECT(((struct header *)object)->state, 0);
    EXPECT(FIELD(object, uint8_t, THREAD_TERMINATED), 0);
    NtResumeThread(thread, 0);
    EXPECT(wait_handle(thread, &long_wait), SUCCESS);
    EXPECT(wait_handle(thread, &no_wait), SUCCESS);
    EXPECT(((struct header *)object)->state, 1);
    EXPECT(FIELD(object, uint8_t, THREAD_TERMINATED), 1);
    EXPECT(FIELD(object, uint32_t, THREAD_EXIT_STATUS), 0x1234);
    EXPECT(seen.context, 0x77);
    EXPECT(seen.object, object);
    NtClose(thread);
}

static uint32_t terminate(uint32_t code) { ExTerminateThread(code); }

static void terminate_with_a_code(void) { EXPECT(join(start(terminate, 0xC0DE, ON(2))), 0xC0DE); }

static void suspended_at_first(void) {
    forget();
    uint32_t thread = 0, previous = 9;
    EXPECT(create(&thread, 0, 0, 0, CREATE_SUSPENDED | ON(1)), SUCCESS);
    settle();
    EXPECT(seen.runs, 0);
    EXPECT(FIELD(object_of(thread), uint8_t, THREAD_SUSPEND_COUNT), 1);
    EXPECT(NtResumeThread(thread, &previous), SUCCESS);
    EXPECT(previous, 1);
    EXPECT(join(thread), 0x1234);
    EXPECT(seen.runs, 1);
}

static void flags_say_where(void) {
    for (uint32_t cpu = 0; cpu < 6; cpu++) {
        forget();
        uint32_t thread = 0;
        EXPECT(create(&thread, 0, 0, 0, ON(cpu)), SUCCESS);
        EXPECT(join(thread), 0x1234);
        EXPECT(seen.cpu, cpu);
    }
}

static uint32_t start_there(uint32_t argument) {
    (void)argument;
    forget();
    return join(start(note, 0, ANYWHERE));
}

static void else_where_the_maker_is(void) {
    EXPECT(join(start(start_there, 0, ON(4))), 0x1234);
    EXPECT(seen.cpu, 4);
}

static uint32_t startup(uint32_t start_address, uint32_t context) {
    seen.start_address = start_address;
    return note(context);
}

static void startup_gets_both(void) {
    forget();
    uint32_t thread = 0;
    EXPECT(create(&thread, 0, startup, 0, ON(1)), SUCCESS);
    EXPECT(join(thread), 0x1234);
    EXPECT(seen.start_address, note);
    EXPECT(seen.context, 0x77);
}

static void object_in_place_of_handle(void) {
    forget();
    uint32_t object = 0;
    EXPECT(create(&object, 0, 0, 0, RETURN_OBJECT | ON(1)), SUCCESS);
    EXPECT(((struct header *)object)->kind, THREAD);
    EXPECT(wait_for((void *)object, &long_wait), SUCCESS);
    EXPECT(seen.object, object);
    ObDereferenceObject((void *)object);
}

static void ids(void) {
    forget();
    uint32_t thread = 0, id = 0, other_id = 0, other = 0;
    void *found = 0;
    EXPECT(create(&thread, &id, 0, 0, CREATE_SUSPENDED), SUCCESS);
    EXPECT(create(&other, &other_id, 0, 0, CREATE_SUSPENDED), SUCCESS);
    EXPECT(id != 0 && other_id != 0 && id != other_id, 1);
    EXPECT(FIELD(object_of(thread), uint32_t, THREAD_ID), id);
    EXPECT(FIELD(object_of(thread), uint32_t, THREAD_START_ADDRESS), note);
    EXPECT(ObLookupThreadByThreadId(id, &found), SUCCESS);
    EXPECT(found, object_of(thread));
    ObDereferenceObject(found);
    EXPECT(ObLookupThreadByThreadId(0x7FFFFFFF, &found), INVALID_PARAMETER);
    NtResumeThread(thread, 0);
    NtResumeThread(other, 0);
    EXPECT(join(thread), 0x1234);
    EXPECT(join(other), 0x1234);
}

static void handle_to_an_object(void) {
    uint32_t thread = start(note, 0, ON(1)), second = 0;
    EXPECT(ObOpenObjectByPointer(object_of(thread), &second), SUCCESS);
    NtClose(thread);
    EXPECT(join(second), 0x1234);
}

static volatile uint32_t stack_bytes;

static uint32_t measure_stack(uint32_t argument) {
    // The control region has the stack's two ends.
    uint8_t *region;
    __asm__ volatile("mr %0, 13" : "=r"(region));
    uint32_t base = FIELD(region, uint32_t, 0x70), limit = FIELD(region, uint32_t, 0x74), here = (uint32_t)&argument;
    stack_bytes = base - limit;
    return here > limit && here < base ? 0 : 1;
}

static void stacks(void) {
    uint32_t thread = 0;
    EXPECT(ExCreateThread(&thread, 0x50000, 0, 0, measure_stack, 0, ON(1)), SUCCESS);
    EXPECT(join(thread), 0);
    EXPECT(stack_bytes, 0x50000);
    // Without a size, the title's by its header, at least the smallest.
    EXPECT(ExCreateThread(&thread, 0, 0, 0, measure_stack, 0, ON(1)), SUCCESS);
    EXPECT(join(thread), 0);
    EXPECT(stack_bytes >= 0x4000, 1);
}

static uint32_t wait_for_thread(uint32_t thread) { return wait_handle(thread, &long_wait); }

static void all_waiters_hear(void) {
    forget();
    uint32_t thread = start(note, 0, CREATE_SUSPENDED | ON(1)), waiters[4];
    for (uint32_t i = 0; i < 4; i++) waiters[i] = start(wait_for_thread, thread, ON(i + 2));
    settle();
    NtResumeThread(thread, 0);
    for (uint32_t i = 0; i < 4; i++) EXPECT(join(waiters[i]), SUCCESS);
    EXPECT(join(thread), 0x1234);
}

static void several_at_once(void) {
    uint32_t threads[6];
    for (uint32_t i = 0; i < 6; i++) threads[i] = start(note, 0, CREATE_SUSPENDED | ON(i));
    NtResumeThread(threads[4], 0);
    EXPECT(NtWaitForMultipleObjectsEx(6, threads, WAIT_ANY, 1, 0, &long_wait), 4);
    EXPECT(NtWaitForMultipleObjectsEx(6, threads, WAIT_ALL, 1, 0, &no_wait), TIMEOUT);
    for (uint32_t i = 0; i < 6; i++) {
        if (i != 4) NtResumeThread(threads[i], 0);
    }
    EXPECT(NtWaitForMultipleObjectsEx(6, threads, WAIT_ALL, 1, 0, &long_wait), SUCCESS);
    for (uint32_t i = 0; i < 6; i++) NtClose(threads[i]);
}

// One thread after the other, 200 of them: nothing of the ended ones is left.
static void many_in_turn(void) {
    forget();
    for (uint32_t i = 0; i < 200; i++) EXPECT(join(start(note, 0, ON(i % 6))), 0x1234);
    EXPECT(seen.runs, 200);
}

static struct registration {
    void *routine;
    int32_t priority;
    struct list link;
} registration, second;
static struct {
    volatile uint32_t runs_when_made, by_maker, by_itself;
    void *volatile thread;
    struct log order;
} told;

static void notified(struct registration *of, void *thread, uint32_t create) {
    log_digit(&told.order, (of == &second) << 1 | create);
    if (create) {
        told.thread = thread;
        told.runs_when_made += seen.runs;
        told.by_maker += current_thread() != thread;
    } else {
        told.by_itself += current_thread() == thread && thread == told.thread;
    }
}

static void notification(void) {
    forget();
    memset(&told, 0, sizeof told);
    registration.routine = second.routine = notified;
    second.priority = 7;
    ExRegisterThreadNotification(&registration, 1);
    ExRegisterThreadNotification(&second, 1);
    EXPECT(join(start(note, 0, ON(1))), 0x1234);
    // The higher priority first: made, then ended.
    EXPECT(told.order.digits, 0x3120);
    EXPECT(told.runs_when_made, 0);
    EXPECT(told.by_maker, 2);
    EXPECT(told.by_itself, 2);
    // One that is made suspended stays so.
    uint32_t runs = seen.runs;
    uint32_t thread = start(note, 0, ON(1) | CREATE_SUSPENDED);
    settle();
    EXPECT(seen.runs, runs);
    EXPECT(NtResumeThread(thread, 0), SUCCESS);
    EXPECT(join(thread), 0x1234);
    ExRegisterThreadNotification(&registration, 0);
    ExRegisterThreadNotification(&second, 0);
    told.order.digits = 0;
    EXPECT(join(start(note, 0, ON(1))), 0x1234);
    EXPECT(told.order.digits, 0);
}

SUBJECT(threads, {"end_is_a_signal", end_is_a_signal}, {"terminate_with_a_code", terminate_with_a_code},
        {"suspended_at_first", suspended_at_first}, {"flags_say_where", flags_say_where},
        {"else_where_the_maker_is", else_where_the_maker_is}, {"startup_gets_both", startup_gets_both},
        {"object_in_place_of_handle", object_in_place_of_handle}, {"ids", ids},
        {"handle_to_an_object", handle_to_an_object}, {"stacks", stacks},
        {"all_waiters_hear", all_waiters_hear}, {"several_at_once", several_at_once},
        {"many_in_turn", many_in_turn}, {"notification", notification});
