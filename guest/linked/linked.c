// A title that imports from libraries: engine.xex, which lies beside it and imports from maths.xex,
// and maths.xex itself. Both have come when main runs. The exit code counts what is wrong.
#include "kernel.h"
#include "runtime.h"

uint32_t KeTlsAlloc(void);
uint32_t KeTlsGetValue(uint32_t slot);
uint32_t KeGetCurrentProcessType(void);
uint32_t XexGetModuleHandle(const char *name, uint32_t *handle);
uint32_t XexLoadImage(const char *name, uint32_t flags, uint32_t version, uint32_t *handle);
uint32_t XexUnloadImage(uint32_t module);

uint32_t engine_order(void);
uint32_t engine_slot(void);
uint32_t engine_crew(void);
uint32_t engine_squares(uint32_t count);
uint32_t maths_next(void);
uint32_t maths_square(uint32_t number);

enum { LIBRARY = 8, ON_2 = 1 << 26 };

static uint32_t faults;

static void expect(uint32_t found, uint32_t expected, const char *what) {
    if (found == expected) return;
    faults++;
    DbgPrint("wrong: %s is %#x, not %#x\n", what, found, expected);
}

static uint32_t slot, of_other_thread = 7;

static uint32_t look(uint32_t argument) {
    (void)argument;
    of_other_thread = KeTlsGetValue(slot);
    return 0;
}

int main(void) {
    expect(engine_order(), 2, "the engine's turn, behind what it needs");
    expect(maths_next(), 3, "the title's turn");
    expect(maths_square(12), 144, "a square");
    expect(engine_squares(4), 1 + 4 + 9 + 16, "squares through two libraries");

    // A library's data of this thread is in a slot, and its entry ran on this thread.
    slot = engine_slot();
    expect(KeTlsGetValue(slot), 0x51, "the first thread's value");
    uint32_t thread;
    expect(ExCreateThread(&thread, 0, 0, 0, look, 0, ON_2), 0, "a thread");
    NtWaitForSingleObjectEx(thread, 1, 0, 0);
    NtClose(thread);
    expect(of_other_thread, 0, "another thread's value");
    // A thread that a library has started from its entry runs, with what the library has.
    const int64_t millisecond = -10000;
    for (uint32_t turns = 0; turns < 10000 && engine_crew() != 25; turns++) KeDelayExecutionThread(0, 0, &millisecond);
    expect(engine_crew(), 25, "the library's own thread");

    // The title keeps what it imports from.
    uint32_t engine, same;
    expect(XexGetModuleHandle("engine.xex", &engine), 0, "the engine's handle");
    expect(XexLoadImage("game:\\engine.xex", LIBRARY, 0, &same), 0, "another load");
    expect(same, engine, "the same module");
    expect(XexUnloadImage(engine), 0, "what gives that back");
    expect(engine_order(), 2, "the engine's turn, later");
    DbgPrint("%u faults\n", faults);
    return faults;
}
