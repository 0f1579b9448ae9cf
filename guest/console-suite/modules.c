// Libraries that a title loads while it runs, from its folder and from memory. Their sources are in libraries.
#include "console.h"

uint32_t XexLoadImage(const char *name, uint32_t flags, uint32_t version, uint32_t *handle);
uint32_t XexLoadImageFromMemory(const void *file, uint32_t size, const char *name, uint32_t flags, uint32_t version,
                                uint32_t *handle);
uint32_t XexUnloadImage(uint32_t module);
uint32_t XexGetModuleHandle(const char *name, uint32_t *handle);
uint32_t XexGetProcedureAddress(uint32_t module, uint32_t ordinal, void **address);
uint32_t XexGetModuleSection(uint32_t module, const char *name, const char **address, uint32_t *size);

#define LIBRARY 8u
#define COUNTER "game:\\console-suite\\counter.xex"
#define RIVAL "game:\\console-suite\\rival.xex"
#define NOT_FOUND 0xC0000135u
#define NO_SUCH_FILE 0xC000000Fu
#define CONFLICTING_ADDRESSES 0xC0000018u
#define REFUSES 0xC0000142u
#define NO_IMAGE 0xC000007Bu
#define NO_ENTRY_POINT 0xC0000263u

typedef uint32_t function(uint32_t argument);

static uint32_t load(const char *name, uint32_t *handle) {
    *handle = 1;
    return XexLoadImage(name, LIBRARY, 0, handle);
}

static function *function_of(uint32_t module, uint32_t ordinal) {
    void *address = 0;
    return XexGetProcedureAddress(module, ordinal, &address) ? 0 : (function *)address;
}

// The result of an export, or NO_FUNCTION.
#define NO_FUNCTION 0xDEAD0002u
static uint32_t call(uint32_t module, uint32_t ordinal, uint32_t argument) {
    function *found = function_of(module, ordinal);
    return found ? found(argument) : NO_FUNCTION;
}

static void comes_and_goes(void) {
    static volatile uint32_t gone;
    uint32_t handle, same, size = 0;
    void *address = 0;
    const char *text = 0;
    gone = 0;
    EXPECT(load(COUNTER, &handle), SUCCESS);
    EXPECT(call(handle, 1, 5), 5);
    EXPECT(call(handle, 1, 6), 11);
    EXPECT(XexGetProcedureAddress(handle, (uint32_t) "counter_add", &address), SUCCESS);
    EXPECT(((function *)address)(1), 12);
    EXPECT(XexGetProcedureAddress(handle, 5, &address), NO_ENTRY_POINT);
    EXPECT(XexGetProcedureAddress(handle, (uint32_t) "counter", &address), NO_ENTRY_POINT);
    EXPECT(XexGetProcedureAddress(handle, 2, &address), SUCCESS);
    const uint32_t *told = address;
    EXPECT(told[0], handle);
    EXPECT(told[1], 1);
    EXPECT(told[2], 1);
    EXPECT(call(handle, 4, 0), 1);
    EXPECT(XexGetModuleHandle("Counter.XEX", &same), SUCCESS);
    EXPECT(same, handle);
    EXPECT(XexGetModuleSection(handle, "table", &text, &size), SUCCESS);
    EXPECT(size, 11);
    EXPECT(text && memcmp(text, "a resource", 11) == 0, 1);
    EXPECT(load("game:\\counter.xex", &same), SUCCESS);
    EXPECT(same, handle);
    call(handle, 3, (uint32_t)&gone);
    EXPECT(XexUnloadImage(handle), SUCCESS);
    EXPECT(gone, 0);
    EXPECT(call(handle, 1, 1), 13);
    EXPECT(XexUnloadImage(handle), SUCCESS);
    EXPECT(gone, 0x60E5);
    EXPECT(XexGetModuleHandle("counter.xex", &same), NOT_FOUND);
    EXPECT(call(handle, 1, 1), NO_FUNCTION);
    EXPECT(XexUnloadImage(handle), INVALID_HANDLE);
    // It comes as it was in its file; nobody need take its handle.
    EXPECT(XexLoadImage(COUNTER, LIBRARY, 0, 0), SUCCESS);
    EXPECT(XexGetModuleHandle("counter.xex", &handle), SUCCESS);
    EXPECT(call(handle, 1, 2), 2);
    EXPECT(XexUnloadImage(handle), SUCCESS);
}

static void what_can_not_come(void) {
    uint32_t handle, other;
    EXPECT(load("game:\\console-suite\\nothing.xex", &handle), NO_SUCH_FILE);
    EXPECT(handle, 0);
    EXPECT(load("game:\\console-suite\\refusing.xex", &handle), REFUSES);
    EXPECT(handle, 0);
    EXPECT(XexGetModuleHandle("refusing.xex", &handle), NOT_FOUND);
    EXPECT(load(COUNTER, &handle), SUCCESS);
    EXPECT(load(RIVAL, &other), CONFLICTING_ADDRESSES);
    EXPECT(call(handle, 1, 3), 3);
    EXPECT(XexUnloadImage(handle), SUCCESS);
}

// The same addresses hold one code and then the other.
static void other_code_at_its_place(void) {
    uint32_t handle;
    function *first = 0;
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t rival = round & 1;
        EXPECT(load(rival ? RIVAL : COUNTER, &handle), SUCCESS);
        function *add = function_of(handle, 1);
        if (!first) first = add;
        EXPECT(add && add == first, 1);
        if (!add) return;
        for (uint32_t calls = 1; calls <= 10; calls++) EXPECT(add(7), rival ? 0 - 7 * calls : 7 * calls);
        EXPECT(XexUnloadImage(handle), SUCCESS);
    }
}

static void imports_of_another(void) {
    uint32_t handle, counter;
    EXPECT(load("game:\\console-suite\\user.xex", &handle), SUCCESS);
    EXPECT(XexGetModuleHandle("counter.xex", &counter), SUCCESS);
    EXPECT(call(handle, 1, 3), 103 + 106);
    EXPECT(call(counter, 1, 1), 107);
    EXPECT(load(COUNTER, &counter), SUCCESS);
    EXPECT(XexUnloadImage(handle), SUCCESS);
    EXPECT(call(counter, 1, 1), 109);
    EXPECT(XexUnloadImage(counter), SUCCESS);
    EXPECT(XexGetModuleHandle("counter.xex", &counter), NOT_FOUND);
}

static void from_memory(void) {
    static uint8_t file[0x10000];
    uint32_t handle, other;
    uint32_t size = read_file(COUNTER, file, sizeof file);
    EXPECT(size > 0x1000 && size < sizeof file, 1);
    EXPECT(XexLoadImageFromMemory(file, size, "memory.xex", LIBRARY, 0, &handle), SUCCESS);
    EXPECT(call(handle, 1, 4), 4);
    EXPECT(XexLoadImageFromMemory(file, size, "MEMORY.xex", LIBRARY, 0, &other), 0xC0000035);
    EXPECT(other, 0);
    EXPECT(XexLoadImageFromMemory(file, size, "again.xex", LIBRARY, 0, &other), CONFLICTING_ADDRESSES);
    EXPECT(XexLoadImageFromMemory(file, size, "game:\\a.xex", LIBRARY, 0, &other), 0xC0000039);
    EXPECT(XexLoadImageFromMemory(file, size, "title.xex", 1, 0, &other), 0xC0000022);
    EXPECT(XexLoadImageFromMemory(file, 0x100, "short.xex", LIBRARY, 0, &other), NO_IMAGE);
    EXPECT(XexUnloadImage(handle), SUCCESS);
}

static uint32_t leave(uint32_t handle) { return call(handle, 6, handle); }

static void a_thread_goes_with_its_code(void) {
    uint32_t handle;
    EXPECT(load(COUNTER, &handle), SUCCESS);
    EXPECT(join(start(leave, handle, ON(2))), 42);
    EXPECT(XexGetModuleHandle("counter.xex", &handle), NOT_FOUND);
}

// The library's report to its second loader: it was loaded once, and its whole entry has run.
static uint32_t load_slow(uint32_t handle) {
    uint32_t status = load("game:\\console-suite\\slow.xex", &handle);
    return status ? status : call(handle, 1, 0);
}

static void two_wait_for_one(void) {
    uint32_t threads[3], handle;
    for (uint32_t i = 0; i < 3; i++) threads[i] = start(load_slow, 0, ON(i * 2));
    for (uint32_t i = 0; i < 3; i++) EXPECT(join(threads[i]), 1);
    EXPECT(XexGetModuleHandle("slow.xex", &handle), SUCCESS);
    for (uint32_t i = 0; i < 3; i++) EXPECT(XexUnloadImage(handle), SUCCESS);
    EXPECT(XexGetModuleHandle("slow.xex", &handle), NOT_FOUND);
}

// Each loads, calls and unloads; the last to have it takes it away under the others' eyes. Returns what went wrong.
static uint32_t come_and_go(uint32_t library) {
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t handle;
        if (load(library ? "game:\\console-suite\\user.xex" : COUNTER, &handle)) return 1;
        if (call(handle, 1, 1) == NO_FUNCTION) return 2;
        if (XexUnloadImage(handle)) return 3;
    }
    return 0;
}

static void threads_race(void) {
    uint32_t threads[4], handle;
    for (uint32_t i = 0; i < 4; i++) threads[i] = start(come_and_go, i & 1, ON(i + 1));
    for (uint32_t i = 0; i < 4; i++) EXPECT(join(threads[i]), 0);
    EXPECT(XexGetModuleHandle("counter.xex", &handle), NOT_FOUND);
    EXPECT(XexGetModuleHandle("user.xex", &handle), NOT_FOUND);
}

SUBJECT(modules, {"comes_and_goes", comes_and_goes}, {"what_can_not_come", what_can_not_come},
        {"other_code_at_its_place", other_code_at_its_place}, {"imports_of_another", imports_of_another},
        {"from_memory", from_memory}, {"a_thread_goes_with_its_code", a_thread_goes_with_its_code},
        {"two_wait_for_one", two_wait_for_one}, {"threads_race", threads_race});
