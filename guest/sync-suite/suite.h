// Common code of the subjects: cases with known answers, threads that end by themselves, time.
#pragma once
#include "kernel_sync.h"
#include "runtime.h"

struct sync_case {
    const char *name;
    void (*run)(void);
};

struct subject {
    const char *name;
    const struct sync_case *cases;
    uint32_t count;
};

// Ends a subject's file: a table of the cases under the names that the report has for them.
#define SUBJECT(id, ...)                                         \
    static const struct sync_case cases[] = {__VA_ARGS__};       \
    const struct subject subject_##id = {#id, cases, sizeof cases / sizeof *cases}

// Whether a yield has this result: another thread ran, or there was none.
#define IS_YIELD(status) ((status) == SUCCESS || (status) == NO_YIELD_PERFORMED)

// Compares; the first difference of a case is what its line says.
#define EXPECT(got, expected) expect_at(__LINE__, (uint32_t)(got), (uint32_t)(expected))
void expect_at(uint32_t line, uint32_t got, uint32_t expected);

// Milliseconds of a step that takes one in lockstep: the setting `pace`. In parallel a host thread may be late by as much
// as the host is busy, and what comes first must still come first; waiting for it costs nothing where nobody runs.
extern int32_t pace;
// An interval from now on, in the kernel's units, and a length of time in them. No wait of the suite lasts longer than
// `long_wait`.
#define MILLISECONDS(n) (-10000ll * (n) * pace)
#define UNITS(n) ((uint64_t)(n) * (uint32_t)pace)
extern const int64_t no_wait;
extern int64_t long_wait;
// Reads the setting.
void set_pace(void);
// Lets this much guest time pass.
void sleep_ms(uint32_t milliseconds);
// Long enough for every other thread to come to its next wait.
void settle(void);
// Waits until a word has this value, a second at most; whether it has. However busy the host is, unlike settle.
uint32_t wait_until(const volatile uint32_t *word, uint32_t value);

#define ANYWHERE 0u
#define ON(cpu) (0x01000000u << (cpu))
#define CREATE_SUSPENDED 1u
#define RETURN_OBJECT 0x80u

// Starts a thread; 0 where that fails. It ends by returning its exit code.
uint32_t start(uint32_t (*routine)(uint32_t argument), uint32_t argument, uint32_t flags);
// Waits for the end of a thread, closes its handle and returns its exit code; NOT_ENDED if it does not end.
#define NOT_ENDED 0xDEAD0001u
uint32_t join(uint32_t thread);
void *object_of(uint32_t handle);

// Waits for one object by pointer.
uint32_t wait_for(void *object, const int64_t *timeout);
// Waits for one object by handle.
uint32_t wait_handle(uint32_t handle, const int64_t *timeout);

// The running thread, from the processor control region.
void *current_thread(void);
uint32_t current_cpu(void);
uint32_t current_level(void);
// A field of a thread object.
#define FIELD(object, type, offset) (*(type volatile *)((uint8_t *)(object) + (offset)))
enum {
    THREAD_SUSPEND_COUNT = 0xBC,
    THREAD_TERMINATED = 0xBE,
    THREAD_CPU = 0xBF,
    THREAD_EXIT_STATUS = 0x140,
    THREAD_ID = 0x14C,
    THREAD_START_ADDRESS = 0x150,
};

// An order of events: each call appends a digit.
struct log {
    volatile uint32_t digits;
};
static inline void log_digit(struct log *log, uint32_t digit) { log->digits = log->digits * 16 + digit; }
