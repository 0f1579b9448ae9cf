// Ring, fences and interrupts. The chip answers twice for each frame: it writes the frame's number
// to memory and interrupts a processor. Waiting threads sleep on events that the interrupts set.
#include "gpu.h"
#include "kernel.h"
#include "pm4.h"
#include "runtime.h"

enum {
    RING_LOG2_QUADWORDS = 12,
    RING_WORDS = 2 << RING_LOG2_QUADWORDS,
    SWAP_WORDS = 64,
    PAGE_READWRITE = 4,
    LARGE_PAGES = 0x20000000,
    ALL_MEMORY = 0x1FFFFFFF,
    INTERRUPTED_PROCESSOR = 2,
    SYNCHRONIZATION_EVENT = 1,
};

// CP_RB_WPTR: the chip's registers are words in this window.
#define WRITE_POINTER ((volatile uint32_t *)0x7FC80714)

enum { SOURCE_BLANK, SOURCE_COMMANDS };

static Shared ring;
static uint32_t ring_next;
// Written by the chip: where it is in the ring, and the last fence.
static volatile uint32_t *read_pointer, *fence;
static uint32_t fence_physical;
static uint32_t blank_event, fence_event;

// Called on one of the processors at every interrupt of the chip.
static void interrupted(uint32_t source, void *context) {
    (void)context;
    NtSetEvent(source == SOURCE_BLANK ? blank_event : fence_event, NULL);
}

void gpu_allocate(Shared *memory, uint32_t size) {
    memory->at = MmAllocatePhysicalMemoryEx(0, size, PAGE_READWRITE | LARGE_PAGES, 0, ALL_MEMORY, 0x1000);
    memory->physical = MmGetPhysicalAddress(memory->at);
}

void commands_allocate(Commands *commands, uint32_t bytes) {
    Shared memory;
    gpu_allocate(&memory, bytes);
    *commands = (Commands){memory.at, memory.physical, 0, bytes / 4};
}

void commands_begin(Commands *commands) {
    commands->count = 0;
}

void emit_register(Commands *commands, uint32_t index, uint32_t value) {
    emit(commands, TYPE0(index, 1));
    emit(commands, value);
}

void emit_float_register(Commands *commands, uint32_t index, float value) {
    union {
        float value;
        uint32_t bits;
    } both = {value};
    emit_register(commands, index, both.bits);
}

static void ring_put(uint32_t word) {
    ((uint32_t *)ring.at)[ring_next] = word;
    ring_next = (ring_next + 1) & (RING_WORDS - 1);
}

// Makes `words` consecutive words free: waits for the chip, and fills up the ring's end.
static void ring_reserve(uint32_t words) {
    static const int64_t moment = -1000;
    uint32_t rest = ring_next + words > RING_WORDS ? RING_WORDS - ring_next : 0;
    while (((*read_pointer - ring_next - 1) & (RING_WORDS - 1)) < rest + words)
        KeDelayExecutionThread(0, 0, &moment);
    while (rest--) ring_put(0x80000000);
}

// Everything written so far must be in memory before the chip hears of it.
static void ring_kick(void) {
    __asm__ volatile("sync" ::: "memory");
    *WRITE_POINTER = ring_next;
    __asm__ volatile("eieio; sync" ::: "memory");
}

void gpu_start(void) {
    NtCreateEvent(&blank_event, NULL, SYNCHRONIZATION_EVENT, 0);
    NtCreateEvent(&fence_event, NULL, SYNCHRONIZATION_EVENT, 0);
    VdInitializeEngines(0, NULL, NULL, NULL, NULL);
    VdSetGraphicsInterruptCallback(interrupted, NULL);

    gpu_allocate(&ring, RING_WORDS * 4);
    Shared answers;
    gpu_allocate(&answers, 0x1000);
    read_pointer = answers.at;
    fence = read_pointer + 16;
    fence_physical = answers.physical + 64;
    VdInitializeRingBuffer(ring.physical, RING_LOG2_QUADWORDS);
    VdEnableRingBufferRPtrWriteBack(answers.physical, 6);
}

// The front buffer as a texture.
static void front_fetch(uint32_t fetch[6], const Front *front) {
    fetch[0] = 2 | 1u << 31 | (front->width + 31) / 32 << 22; // a tiled texture, its pitch
    fetch[1] = FORMAT_8_8_8_8 | ENDIAN_8IN32 << 6 | front->memory.physical;
    fetch[2] = (front->width - 1) | (front->height - 1) << 13;
    fetch[3] = 0x688 << 1; // components in their own order
    fetch[4] = 0;
    fetch[5] = 1 << 9; // two dimensions
}

void gpu_submit(const Commands *commands, const Front *front, uint32_t number) {
    ring_reserve(SWAP_WORDS + 16);
    ring_put(TYPE3(INDIRECT_BUFFER, 2));
    ring_put(commands->physical);
    ring_put(commands->count);

    uint32_t *swap = (uint32_t *)ring.at + ring_next;
    for (int i = 0; i < SWAP_WORDS; i++) ring_put(0x80000000);
    uint32_t front_buffer = (uint32_t)front->memory.at, width = front->width, height = front->height;
    uint32_t format = 0, color_space = 0, fetch[6];
    front_fetch(fetch, front);
    vd_swap(swap, fetch, NULL, NULL, NULL, &front_buffer, &format, &color_space, &width, &height);

    ring_put(TYPE3(EVENT_WRITE_SHD, 3));
    ring_put(CACHE_FLUSH_TS);
    ring_put(fence_physical | ENDIAN_8IN32);
    ring_put(number);
    ring_put(TYPE3(INTERRUPT, 1));
    ring_put(1 << INTERRUPTED_PROCESSOR);
    ring_kick();
}

void gpu_wait_for_fence(uint32_t number) {
    while ((int32_t)(*fence - number) < 0) NtWaitForSingleObjectEx(fence_event, 0, 0, NULL);
}

void gpu_wait_for_blank(void) {
    NtWaitForSingleObjectEx(blank_event, 0, 0, NULL);
}
