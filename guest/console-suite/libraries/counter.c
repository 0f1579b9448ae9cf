// A library that counts, and tells when it goes. With RIVAL it counts backwards: other code at the same place.
#include "library.h"

uint32_t KeGetCurrentProcessType(void);
void XexUnloadImageAndExitThread(uint32_t module, uint32_t code);

static volatile uint32_t total;
static volatile uint32_t *watcher;
volatile uint32_t counter_told[3];

uint32_t library_entry(uint32_t handle, uint32_t reason, uint32_t reserved) {
    counter_told[0] = handle;
    counter_told[1] = reason;
    counter_told[2] += 1 + reserved;
    if (reason == GOES && watcher) *watcher = 0x60E5;
    return ACCEPTED;
}

uint32_t counter_add(uint32_t amount) {
#ifdef RIVAL
    total -= amount;
#else
    total += amount;
#endif
    return total;
}

// Where to say that the library goes.
void counter_watch(volatile uint32_t *word) { watcher = word; }

// The kernel's answer through an import of the library.
uint32_t counter_process(void) { return KeGetCurrentProcessType(); }

// Ends the calling thread, and the library with it if nobody else has it.
uint32_t counter_leave(uint32_t handle) {
    XexUnloadImageAndExitThread(handle, 42);
    return 1;
}

EXPORT(1, counter_add);
EXPORT(2, counter_told);
EXPORT(3, counter_watch);
EXPORT(4, counter_process);
EXPORT(6, counter_leave);

static const char table[] __attribute__((used)) = "a resource";
__asm__(".pushsection .xenia.resources,\"\",@progbits\n"
        ".ascii \"table\\0\\0\\0\"\n"
        ".long table, 11\n"
        ".popsection");
