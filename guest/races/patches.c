// Self-modifying code under six threads: one writes it, with the sequence that the architecture
// asks for (dcbst, sync, icbi, sync, isync), five run it. A thread that has read a version and
// executed isync runs that one or a later one.
//
// Settings: `patches`, 30,000 at most.
#include "crew.h"

enum { PATCHES = 120, MOST = 30000, WRITER = 0, SLOTS = 8, SLOT = 32 };
enum { RESERVE_COMMIT = 0x3000, EXECUTE_READ_WRITE = 0x40 };
#define LI_3(value) (0x38600000u | (value))
#define LIS_3(value) (0x3C600000u | (value))
#define ORI_3(value) (0x60630000u | (value))
#define BLR 0x4E800020u

static uint32_t patches;
static volatile uint32_t *code;
static struct {
    volatile uint32_t begun, published, calls;
    volatile uint32_t heard[CREW];
} shared;

static void synchronize_code(volatile uint32_t *word) {
    __asm__ volatile("dcbst 0, %0\n\tsync\n\ticbi 0, %0\n\tsync\n\tisync" ::"r"(word) : "memory");
}

// Orders the read of the version before the code that runs afterwards.
static uint32_t hear(void) {
    uint32_t version = shared.published;
    __asm__ volatile("cmpw %0, %0\n\tbne- 1f\n1:\tisync" ::"r"(version) : "cr0", "memory");
    return version;
}

static void publish(uint32_t version) {
    barrier();
    shared.published = version;
}

// Waits until all others have heard of a version.
static void until_heard(uint32_t version) {
    for (uint32_t i = 0; i < CREW; i++) {
        while (i != WRITER && shared.heard[i] < version) pause();
    }
}

// One instruction changes while it is run.
static uint32_t one_word(uint32_t cpu) {
    uint32_t (*function)(void) = (uint32_t (*)(void))(uintptr_t)code, state = cpu;
    if (cpu == WRITER) {
        for (uint32_t version = 1; version <= patches; version++) {
            shared.begun = version;
            barrier();
            code[0] = LI_3(version);
            synchronize_code(code);
            publish(version);
            // Some are overtaken by the next one.
            if (random(&state) % 4) until_heard(version);
        }
        return 0;
    }
    for (uint32_t heard = 0; heard < patches;) {
        heard = hear();
        uint32_t got = function();
        barrier();
        if (got < heard || got > shared.begun) return 1;
        atomic_add(&shared.calls, 1);
        shared.heard[cpu] = heard;
    }
    return 0;
}

#define VALUE(version) ((version) * 0x9E3779B1u)

// Whole functions, in turn in several places; none is written while somebody could be in it.
static uint32_t functions(uint32_t cpu) {
    if (cpu == WRITER) {
        for (uint32_t version = 1; version <= patches; version++) {
            volatile uint32_t *slot = code + version % SLOTS * SLOT;
            uint32_t value = VALUE(version);
            if (version >= SLOTS) until_heard(version - SLOTS + 1);
            slot[0] = LIS_3(value >> 16);
            slot[1] = ORI_3(value & 0xFFFF);
            slot[2] = BLR;
            synchronize_code(slot);
            publish(version);
        }
        return 0;
    }
    for (uint32_t heard = 0; heard < patches;) {
        heard = hear();
        if (!heard) continue;
        uint32_t (*function)(void) = (uint32_t (*)(void))(uintptr_t)(code + heard % SLOTS * SLOT);
        for (uint32_t i = 0; i < 4; i++) {
            if (function() != VALUE(heard)) return 1;
            atomic_add(&shared.calls, 1);
        }
        // It may be overwritten from now on.
        barrier();
        shared.heard[cpu] = heard;
    }
    return 0;
}

static void phase(const char *name, uint32_t (*routine)(uint32_t)) {
    memset(&shared, 0, sizeof shared);
    uint32_t failed = on_all(routine);
    DbgPrint("%s: %u versions, %u calls\n", name, patches, shared.calls);
    expect_count(name, CREW - failed, CREW);
}

int main(void) {
    void *base = 0;
    uint32_t size = 0x1000;
    patches = setting("patches", PATCHES);
    if (patches > MOST) patches = MOST;
    if (NtAllocateVirtualMemory(&base, &size, RESERVE_COMMIT, EXECUTE_READ_WRITE, 0) != SUCCESS) return 99;
    code = base;
    code[0] = LI_3(0);
    code[1] = BLR;
    synchronize_code(code);
    phase("one word", one_word);
    phase("functions", functions);
    DbgPrint("%u wrong\n", wrong_counts());
    return (int)wrong_counts();
}
