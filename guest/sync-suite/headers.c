// Waits as titles see them in the headers of objects.
#include "suite.h"

static struct header event;

static uint32_t take(uint32_t argument) {
    (void)argument;
    return wait_for(&event, &long_wait);
}

static void waiters_are_linked(void) {
    KeInitializeEvent(&event, AUTO_EVENT, 0);
    uint32_t thread = start(take, 0, ON(1));
    settle();
    // A wait block of the thread is between the list's two ends.
    EXPECT(event.waiters.next != &event.waiters, 1);
    EXPECT(event.waiters.next, event.waiters.previous);
    KeSetEvent(&event, 0, 0);
    EXPECT(join(thread), SUCCESS);
    EXPECT(event.waiters.next, &event.waiters);
}

static void states_are_the_titles_to_read(void) {
    KeInitializeEvent(&event, MANUAL_EVENT, 0);
    EXPECT(event.state, 0);
    KeSetEvent(&event, 0, 0);
    EXPECT(event.state, 1);
    EXPECT(event.waiters.next, &event.waiters);
    EXPECT(event.waiters.previous, &event.waiters);
}

static void a_title_that_signals_by_hand(void) {
    // Titles with kernels of their own write the state; a wait looks at it.
    KeInitializeEvent(&event, AUTO_EVENT, 0);
    event.state = 1;
    EXPECT(wait_for(&event, &no_wait), SUCCESS);
    EXPECT(event.state, 0);
}

static void thread_objects_are_events(void) {
    struct header *self = current_thread();
    EXPECT(self->kind, THREAD);
    EXPECT(self->state, 0);
    EXPECT(wait_for(self, &no_wait), TIMEOUT);
}

static void types_are_told_apart(void) {
    uint32_t handle = 0;
    void *object = 0;
    NtCreateEvent(&handle, 0, AUTO_EVENT, 0);
    EXPECT(ObReferenceObjectByHandle(handle, ExThreadObjectType, &object), OBJECT_TYPE_MISMATCH);
    EXPECT(object, 0);
    EXPECT(ObReferenceObjectByHandle(handle, ExEventObjectType, &object), SUCCESS);
    EXPECT(((struct header *)object)->kind, AUTO_EVENT);
    ObDereferenceObject(object);
    NtClose(handle);
}

SUBJECT(headers, {"waiters_are_linked", waiters_are_linked},
        {"states_are_the_titles_to_read", states_are_the_titles_to_read},
        {"a_title_that_signals_by_hand", a_title_that_signals_by_hand},
        {"thread_objects_are_events", thread_objects_are_events},
        {"types_are_told_apart", types_are_told_apart});
