// Structured and C++ exceptions of the retail title. The functions with handlers are in exceptions.S.
#include "retail.h"

enum { CXX = 0xE06D7363, CXX_VERSION = 0x19930520, UNWINDING = 0x66 };
enum { ACCESS_VIOLATION = 0xC0000005, DIVIDED_BY_ZERO = 0xC0000094, RAISED = 0xE0123456 };

struct record {
    uint32_t code, flags;
    struct record *inner;
    uint32_t address, count, parameters[15];
};

uint32_t guarded(void (*body)(), void *argument);
uint32_t caught(void (*body)(), void *argument);
void cleaned(), held(), throw_it(), raise_status(), load_null(), divide_by_zero(), calm();
void throw_object(void *object);

uint32_t thrown;
static uint32_t filtered, finals, destructions;

// The filter of `guarded`: takes what is not C++'s.
uint32_t exception_filter(struct record **pointers) {
    filtered++;
    return pointers[0]->code != CXX;
}

void exception_finally(uint32_t is_abnormal) { finals += is_abnormal ? 0x100 : 1; }

void destructor(void) { destructions++; }

// Decision of a C++ function's handler: the block that continues, or 0.
uint32_t choose_block(const struct record *record, uint32_t frame, void *context, uint32_t *const *dispatcher) {
    (void)frame, (void)context;
    // The handler's data of the function's row.
    const uint32_t *data = (const uint32_t *)dispatcher[1][3];
    if (record->flags & UNWINDING) {
        if (data[1]) ((void (*)(void))data[1])();
        return 0;
    }
    return record->code == CXX && record->parameters[0] == CXX_VERSION ? data[0] : 0;
}

// Structured exceptions: which block handles them, and the calls of filters and __finally blocks.
static void structured(void) {
    EXPECT(guarded(calm, 0), 0);
    EXPECT(filtered, 0);
    EXPECT(guarded(load_null, 0), ACCESS_VIOLATION);
    EXPECT(guarded(divide_by_zero, 0), DIVIDED_BY_ZERO);
    EXPECT(guarded(raise_status, 0), RAISED);
    EXPECT(filtered, 3);
    EXPECT(guarded(cleaned, calm), 0);
    EXPECT(finals, 1);
    EXPECT(guarded(cleaned, load_null), ACCESS_VIOLATION);
    EXPECT(finals, 0x101);
}

static void of_cxx(void) {
    EXPECT(caught(calm, 0), 0);
    EXPECT(caught(throw_it, 0), (uint32_t)&thrown);
    EXPECT(caught(throw_object, &filtered), (uint32_t)&filtered);
    EXPECT(destructions, 0);
    EXPECT(caught(held, calm), 0);
    EXPECT(destructions, 1);
    EXPECT(caught(held, throw_it), (uint32_t)&thrown);
    EXPECT(destructions, 2);
    // Through a function with a __finally block, run abnormally. No filter sees the exception.
    filtered = finals = 0;
    EXPECT(caught(cleaned, throw_it), (uint32_t)&thrown);
    EXPECT(finals, 0x100);
    EXPECT(filtered, 0);
}

void exceptions(void) {
    // Many times: nothing is kept of an exception that was handled.
    for (int round = 0; round < 20; round++) {
        filtered = finals = destructions = 0;
        structured();
        of_cxx();
    }
}
