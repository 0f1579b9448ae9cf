// Threads: a kernel thread for each of the C library's, on the stack that the library has
// made. The kernel's stack is where a thread begins and ends, so that a thread that waits
// for its end may free the other.
#include <errno.h>
#include <stddef.h>
#include "system.h"

enum { KERNEL_STACK = 0x4000, HARDWARE_THREADS = 6, FIRST_PROCESSOR = 24 };

// Start data of a thread; threads.S has the offsets. It lies on the
// stack of the thread that makes it.
struct beginning {
    int (*function)(void *);
    void *argument, *stack, *local;
    volatile int *cleared;
    volatile int is_read;
    uint32_t id;
    // The maker's, which the thread begins with.
    const uint32_t *blocked;
};
// Data of a thread, on its kernel stack.
struct own {
    volatile int *cleared;
    uint32_t id;
    struct thread_signals signals;
};
_Static_assert(sizeof(struct own) <= 48, "the frame of enter_thread has no room for it");

static uint32_t slot;
static struct own main_thread = {.id = 1};
static uint32_t next_processor, next_id = 1;

void begin_threads(void) {
    slot = KeTlsAlloc();
    KeTlsSetValue(slot, &main_thread);
}

// threads.S
void enter_thread(struct beginning *beginning);
_Noreturn void leave_stack(void *kernel_stack, void (*function)(uint32_t, uint32_t), uint32_t first,
                           uint32_t second);

static struct own *self(void) { return KeTlsGetValue(slot); }

long thread_id(void) { return (long)self()->id; }

struct thread_signals *own_signals(void) { return &self()->signals; }

long set_cleared_word(volatile int *word) {
    self()->cleared = word;
    return thread_id();
}

// Called on the kernel's stack, which `own` lies on; tells the maker that all was read.
void begin_thread(struct own *own, struct beginning *beginning) {
    own->cleared = beginning->cleared;
    own->id = beginning->id;
    own->signals = (struct thread_signals){.blocked = {beginning->blocked[0], beginning->blocked[1]}};
    KeTlsSetValue(slot, own);
    volatile int *is_read = &beginning->is_read;
    __sync_synchronize();
    *is_read = 1;
    wake(is_read, 1);
}

// clone(2) as the C library makes threads; other uses there are none.
__attribute__((visibility("hidden"))) int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...) {
    __builtin_va_list rest;
    __builtin_va_start(rest, argument);
    int *made_id = __builtin_va_arg(rest, int *);
    void *local = __builtin_va_arg(rest, void *);
    volatile int *cleared = __builtin_va_arg(rest, volatile int *);
    __builtin_va_end(rest);
    enum { SHARED_MEMORY = 0x100, CLEARS = 0x200000 };
    if (!(flags & SHARED_MEMORY)) return -ENOSYS;
    uint32_t handle;
    struct beginning beginning = {function, argument, stack, local, flags & CLEARS ? cleared : 0, 0, 0,
                                  own_signals()->blocked};
    beginning.id = __sync_add_and_fetch(&next_id, 1);
    if (made_id) *made_id = (int)beginning.id;
    uint32_t processor = __sync_add_and_fetch(&next_processor, 1) % HARDWARE_THREADS;
    status_t status = ExCreateThread(&handle, KERNEL_STACK, 0, 0, (void *)enter_thread, &beginning,
                                     1u << (FIRST_PROCESSOR + processor));
    if (failed(status)) return (int)error_of(status);
    NtClose(handle);
    while (!beginning.is_read) futex(&beginning.is_read, 0, 0, 0, 0, 0);
    return (int)beginning.id;
}

static _Noreturn void finish(uint32_t word, uint32_t unused) {
    (void)unused;
    volatile int *cleared = (volatile int *)word;
    if (cleared) {
        *cleared = 0;
        wake(cleared, 1);
    }
    ExTerminateThread(0);
}

static _Noreturn void unmap_and_end(uint32_t base, uint32_t size) {
    volatile int *cleared = self()->cleared;
    unmap_memory(base, size);
    finish((uint32_t)cleared, 0);
}

_Noreturn void end_thread(void) {
    struct own *own = self();
    // The main thread is on no stack that anybody takes away.
    if (own == &main_thread) finish((uint32_t)own->cleared, 0);
    leave_stack(own, finish, (uint32_t)own->cleared, 0);
}

_Noreturn void __unmapself(void *base, size_t size) {
    leave_stack(self(), unmap_and_end, (uint32_t)base, size);
}
