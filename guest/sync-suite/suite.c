// Threads, time and the processor control region for the cases.
#include "suite.h"
#include "settings.h"

const int64_t no_wait = 0;
int64_t long_wait = -20000000;
int32_t pace = 1;

void set_pace(void) {
    pace = (int32_t)setting("pace", 1);
    long_wait = MILLISECONDS(2000);
}

#define CURRENT_THREAD_HANDLE 0xFFFFFFFEu

void sleep_ms(uint32_t milliseconds) {
    int64_t interval = MILLISECONDS((int32_t)milliseconds);
    KeDelayExecutionThread(0, 0, &interval);
}

void settle(void) { sleep_ms(3); }

uint32_t wait_until(const volatile uint32_t *word, uint32_t value) {
    for (int tries = 0; tries < 1000 && *word != value; tries++) sleep_ms(1);
    return *word == value;
}

uint32_t start(uint32_t (*routine)(uint32_t argument), uint32_t argument, uint32_t flags) {
    uint32_t handle = 0;
    if (ExCreateThread(&handle, 0, 0, 0, routine, (void *)argument, flags) != SUCCESS) return 0;
    return handle;
}

void *object_of(uint32_t handle) {
    void *object = 0;
    if (ObReferenceObjectByHandle(handle, 0, &object) != SUCCESS) return 0;
    // The handle keeps it.
    ObDereferenceObject(object);
    return object;
}

uint32_t join(uint32_t thread) {
    uint32_t code = NOT_ENDED;
    void *object = object_of(thread);
    if (object && wait_handle(thread, &long_wait) == SUCCESS) code = FIELD(object, uint32_t, THREAD_EXIT_STATUS);
    NtClose(thread);
    return code;
}

uint32_t wait_for(void *object, const int64_t *timeout) {
    return KeWaitForSingleObject(object, 3, 1, 0, timeout);
}

uint32_t wait_handle(uint32_t handle, const int64_t *timeout) {
    return NtWaitForSingleObjectEx(handle, 1, 0, timeout);
}

static uint8_t *control_region(void) {
    uint8_t *region;
    __asm__ volatile("mr %0, 13" : "=r"(region));
    return region;
}

void *current_thread(void) { return FIELD(control_region(), void *, 0x100); }
uint32_t current_cpu(void) { return FIELD(control_region(), uint8_t, 0x10C); }
uint32_t current_level(void) { return FIELD(control_region(), uint8_t, 0x18); }
