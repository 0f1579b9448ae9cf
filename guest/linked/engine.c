// A library that a title imports from. Its entry takes a slot of each
// thread's, and starts a thread.
#include "kernel.h"
#include "library.h"

uint32_t KeTlsAlloc(void);
uint32_t KeTlsSetValue(uint32_t slot, uint32_t value);
uint32_t maths_next(void);
uint32_t maths_square(uint32_t number);

static uint32_t order, slot;
static volatile uint32_t crew;

static uint32_t work(uint32_t number) {
    crew = maths_square(number);
    return 0;
}

uint32_t library_entry(uint32_t handle, uint32_t reason, uint32_t reserved) {
    (void)handle, (void)reserved;
    if (reason != COMES) return ACCEPTED;
    order = maths_next();
    slot = KeTlsAlloc();
    KeTlsSetValue(slot, 0x51);
    uint32_t thread;
    if (ExCreateThread(&thread, 0, 0, 0, work, (void *)5, 1 << 28)) return REFUSED;
    NtClose(thread);
    return ACCEPTED;
}

uint32_t engine_order(void) { return order; }
uint32_t engine_slot(void) { return slot; }
uint32_t engine_crew(void) { return crew; }

uint32_t engine_squares(uint32_t count) {
    uint32_t sum = 0;
    while (count) sum += maths_square(count--);
    return sum;
}

EXPORT(1, engine_order);
EXPORT(2, engine_slot);
EXPORT(3, engine_crew);
EXPORT(4, engine_squares);
