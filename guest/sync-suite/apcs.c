// Asynchronous calls and alerts: when they run, in which order, and what they do to a wait.
#include "suite.h"

#define CURRENT_THREAD 0xFFFFFFFEu
#define UNSUCCESSFUL 0xC0000001u
enum { KERNEL_MODE = 0, USER_MODE = 1 };

static struct {
    struct log log;
    volatile uint32_t count, context, argument1, argument2;
    struct header event;
} seen;

static void forget(void) {
    memset(&seen, 0, sizeof seen);
    KeInitializeEvent(&seen.event, AUTO_EVENT, 0);
}

static void note(uint32_t context, uint32_t argument1, uint32_t argument2) {
    seen.count++;
    seen.context = context;
    seen.argument1 = argument1;
    seen.argument2 = argument2;
    log_digit(&seen.log, context & 15);
}

static uint32_t wait_alertably(const int64_t *timeout) {
    return KeWaitForSingleObject(&seen.event, 3, 1, 1, timeout);
}

static void alertable_wait(void) {
    forget();
    EXPECT(NtQueueApcThread(CURRENT_THREAD, note, 5, 6, 7), SUCCESS);
    EXPECT(wait_for(&seen.event, &no_wait), TIMEOUT);
    sleep_ms(1);
    EXPECT(seen.count, 0);
    EXPECT(wait_alertably(&long_wait), USER_APC);
    EXPECT(seen.count, 1);
    EXPECT(seen.context, 5);
    EXPECT(seen.argument1, 6);
    EXPECT(seen.argument2, 7);
    EXPECT(wait_alertably(&no_wait), TIMEOUT);
}

static void first_in_first_out(void) {
    forget();
    for (uint32_t i = 1; i <= 4; i++) NtQueueApcThread(CURRENT_THREAD, note, i, 0, 0);
    EXPECT(wait_alertably(&no_wait), USER_APC);
    EXPECT(seen.log.digits, 0x1234);
    EXPECT(wait_alertably(&no_wait), TIMEOUT);
}

static void queue_another(uint32_t context, uint32_t argument1, uint32_t argument2) {
    note(context, argument1, argument2);
    if (context > 1) NtQueueApcThread(CURRENT_THREAD, queue_another, context - 1, 0, 0);
}

static void one_queues_the_next(void) {
    forget();
    NtQueueApcThread(CURRENT_THREAD, queue_another, 3, 0, 0);
    EXPECT(wait_alertably(&no_wait), USER_APC);
    EXPECT(seen.log.digits, 0x321);
}

static void the_object_comes_first(void) {
    forget();
    NtQueueApcThread(CURRENT_THREAD, note, 1, 0, 0);
    KeSetEvent(&seen.event, 0, 0);
    EXPECT(wait_alertably(&long_wait), SUCCESS);
    EXPECT(seen.count, 0);
    EXPECT(wait_alertably(&long_wait), USER_APC);
    EXPECT(seen.count, 1);
}

static void alertable_delay(void) {
    forget();
    uint64_t before = 0, after = 0;
    KeQuerySystemTime(&before);
    NtQueueApcThread(CURRENT_THREAD, note, 1, 0, 0);
    EXPECT(KeDelayExecutionThread(1, 1, &long_wait), USER_APC);
    KeQuerySystemTime(&after);
    EXPECT(after - before < UNITS(1000000), 1);
    NtQueueApcThread(CURRENT_THREAD, note, 2, 0, 0);
    EXPECT(KeDelayExecutionThread(1, 1, &no_wait), USER_APC);
    EXPECT(seen.count, 2);
    EXPECT(IS_YIELD(KeDelayExecutionThread(1, 1, &no_wait)), 1);
}

static uint32_t wait_to_be_told(uint32_t argument) {
    (void)argument;
    return wait_alertably(&long_wait);
}

static void a_waiting_thread(void) {
    forget();
    uint32_t thread = start(wait_to_be_told, 0, ON(2));
    settle();
    EXPECT(NtQueueApcThread(thread, note, 9, 1, 2), SUCCESS);
    EXPECT(join(thread), USER_APC);
    EXPECT(seen.context, 9);
    // Its wait is over: the event is nobody's.
    KeSetEvent(&seen.event, 0, 0);
    EXPECT(seen.event.state, 1);
}

static uint32_t signal_or_apc(uint32_t argument) {
    (void)argument;
    uint32_t first = wait_alertably(&long_wait);
    return first << 16 | wait_alertably(&long_wait);
}

static void signal_and_then_apc(void) {
    forget();
    uint32_t thread = start(signal_or_apc, 0, ON(2));
    settle();
    KeSetEvent(&seen.event, 0, 0);
    settle();
    NtQueueApcThread(thread, note, 1, 0, 0);
    EXPECT(join(thread), USER_APC);
    EXPECT(seen.count, 1);
}

static void several_objects(void) {
    forget();
    struct header other;
    void *both[2] = {&seen.event, &other};
    KeInitializeEvent(&other, AUTO_EVENT, 1);
    NtQueueApcThread(CURRENT_THREAD, note, 1, 0, 0);
    EXPECT(KeWaitForMultipleObjects(2, both, WAIT_ANY, 3, 1, 1, &long_wait, 0), 1);
    EXPECT(KeWaitForMultipleObjects(2, both, WAIT_ALL, 3, 1, 1, &long_wait, 0), USER_APC);
    EXPECT(seen.count, 1);
}

static void signal_and_wait(void) {
    uint32_t first = 0, second = 0;
    forget();
    NtCreateEvent(&first, 0, AUTO_EVENT, 0);
    NtCreateEvent(&second, 0, AUTO_EVENT, 0);
    NtQueueApcThread(CURRENT_THREAD, note, 1, 0, 0);
    EXPECT(NtSignalAndWaitForSingleObjectEx(first, second, 1, 0, &no_wait), TIMEOUT);
    EXPECT(seen.count, 0);
    EXPECT(NtSignalAndWaitForSingleObjectEx(first, second, 1, 1, &long_wait), USER_APC);
    EXPECT(seen.count, 1);
    EXPECT(wait_handle(first, &no_wait), SUCCESS);
    NtClose(first);
    NtClose(second);
}

static uint32_t end_at_once(uint32_t argument) { return argument; }

static void nobody_is_left_to_be_told(void) {
    forget();
    uint32_t thread = start(end_at_once, 0, ON(1));
    EXPECT(wait_handle(thread, &long_wait), SUCCESS);
    EXPECT(NtQueueApcThread(thread, note, 1, 0, 0), UNSUCCESSFUL);
    struct apc apc;
    KeInitializeApc(&apc, object_of(thread), 0, 0, note, USER_MODE, 1);
    EXPECT(KeInsertQueueApc(&apc, 0, 0, 0), 0);
    EXPECT(apc.inserted, 0);
    NtClose(thread);
    EXPECT(seen.count, 0);
}

static void ke_fields(void) {
    struct apc apc;
    memset(&apc, 0xEE, sizeof apc);
    KeInitializeApc(&apc, current_thread(), 0, 0, note, USER_MODE, 0x77);
    EXPECT(apc.type, 18);
    EXPECT(apc.mode, USER_MODE);
    EXPECT(apc.inserted, 0);
    EXPECT(apc.thread, current_thread());
    EXPECT(apc.normal_routine, note);
    EXPECT(apc.context, 0x77);
    // Without a normal routine it is the kernel's, whatever was asked for.
    KeInitializeApc(&apc, current_thread(), note, 0, 0, USER_MODE, 0x77);
    EXPECT(apc.mode, KERNEL_MODE);
    EXPECT(apc.context, 0);
}

static void ke_queue_and_remove(void) {
    struct apc apc;
    forget();
    KeInitializeApc(&apc, current_thread(), 0, 0, note, USER_MODE, 3);
    EXPECT(KeInsertQueueApc(&apc, 4, 5, 0), 1);
    EXPECT(apc.inserted, 1);
    EXPECT(KeInsertQueueApc(&apc, 6, 7, 0), 0);
    EXPECT(wait_alertably(&no_wait), USER_APC);
    EXPECT(apc.inserted, 0);
    EXPECT(seen.context, 3);
    EXPECT(seen.argument1, 4);
    EXPECT(seen.argument2, 5);
    EXPECT(KeInsertQueueApc(&apc, 8, 9, 0), 1);
    EXPECT(KeRemoveQueueApc(&apc), 1);
    EXPECT(KeRemoveQueueApc(&apc), 0);
    EXPECT(wait_alertably(&no_wait), TIMEOUT);
    EXPECT(seen.count, 1);
}

// KernelRoutine(apc, &normal_routine, &context, &argument1, &argument2)
static void note_kernel(struct apc *apc, void **routine, uint32_t *context, uint32_t *argument1, uint32_t *argument2) {
    (void)apc, (void)routine, (void)argument2;
    log_digit(&seen.log, 0xA);
    *context = 0xB;
    *argument1 = 0x55;
}

static void note_rundown(struct apc *apc) {
    (void)apc;
    log_digit(&seen.log, 0xD);
}

static void kernel_routine_first(void) {
    struct apc apc;
    forget();
    KeInitializeApc(&apc, current_thread(), note_kernel, 0, note, USER_MODE, 1);
    KeInsertQueueApc(&apc, 2, 3, 0);
    EXPECT(wait_alertably(&no_wait), USER_APC);
    EXPECT(seen.log.digits, 0xAB);
    EXPECT(seen.argument1, 0x55);
    EXPECT(seen.argument2, 3);
}

static void special_kernel_apc(void) {
    struct apc apc;
    forget();
    // Runs at once, whatever the thread does.
    KeInitializeApc(&apc, current_thread(), note_kernel, 0, 0, KERNEL_MODE, 0);
    EXPECT(KeInsertQueueApc(&apc, 0, 0, 0), 1);
    EXPECT(seen.log.digits, 0xA);
    EXPECT(apc.inserted, 0);
    KeRemoveQueueApc(&apc);
    EXPECT(wait_alertably(&no_wait), TIMEOUT);
}

static void kernel_apc_and_critical_region(void) {
    struct apc apc;
    forget();
    KeInitializeApc(&apc, current_thread(), note_kernel, 0, note, KERNEL_MODE, 1);
    EXPECT(KeInsertQueueApc(&apc, 0, 0, 0), 1);
    EXPECT(seen.log.digits, 0xAB);
    KeRemoveQueueApc(&apc);
    // A critical region holds it back.
    forget();
    KeEnterCriticalRegion();
    EXPECT(KeInsertQueueApc(&apc, 0, 0, 0), 1);
    EXPECT(seen.log.digits, 0);
    KeLeaveCriticalRegion();
    EXPECT(seen.log.digits, 0xAB);
    KeRemoveQueueApc(&apc);
}

static struct apc left_over;

static uint32_t end_with_apc_queued(uint32_t argument) {
    (void)argument;
    KeInitializeApc(&left_over, current_thread(), 0, note_rundown, note, USER_MODE, 1);
    return KeInsertQueueApc(&left_over, 0, 0, 0);
}

static void rundown(void) {
    forget();
    EXPECT(join(start(end_with_apc_queued, 0, ON(1))), 1);
    EXPECT(seen.log.digits, 0xD);
    EXPECT(left_over.inserted, 0);
}

static void alerts(void) {
    forget();
    // Whether it was alerted before; the alert is used up by asking.
    EXPECT(KeAlertThread(current_thread(), USER_MODE), 0);
    EXPECT(KeTestAlertThread(USER_MODE), 1);
    EXPECT(KeTestAlertThread(USER_MODE), 0);
    KeAlertThread(current_thread(), USER_MODE);
    EXPECT(wait_for(&seen.event, &no_wait), TIMEOUT);
    EXPECT(wait_alertably(&no_wait), ALERTED);
    EXPECT(wait_alertably(&no_wait), TIMEOUT);
    uint32_t thread = start(wait_to_be_told, 0, ON(2));
    settle();
    KeAlertThread(object_of(thread), USER_MODE);
    settle();
    KeSetEvent(&seen.event, 0, 0);
    EXPECT(join(thread), ALERTED);
}

SUBJECT(apcs, {"alertable_wait", alertable_wait}, {"first_in_first_out", first_in_first_out},
        {"one_queues_the_next", one_queues_the_next}, {"the_object_comes_first", the_object_comes_first},
        {"alertable_delay", alertable_delay}, {"a_waiting_thread", a_waiting_thread},
        {"signal_and_then_apc", signal_and_then_apc}, {"several_objects", several_objects},
        {"signal_and_wait", signal_and_wait}, {"nobody_is_left_to_be_told", nobody_is_left_to_be_told},
        {"ke_fields", ke_fields}, {"ke_queue_and_remove", ke_queue_and_remove},
        {"kernel_routine_first", kernel_routine_first}, {"special_kernel_apc", special_kernel_apc},
        {"kernel_apc_and_critical_region", kernel_apc_and_critical_region}, {"rundown", rundown},
        {"alerts", alerts});
