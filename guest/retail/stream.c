// A stream of XMA packets that the retail title decodes while it runs: two input buffers in turn, and what comes out.
#include "retail.h"

enum { BLOCKS = 16, PACKET = 2048, BLOCK = 256, WANTED = 64 };

extern const uint8_t stream[];
extern const uint32_t stream_size;

struct context_init {
    const void *input0;
    uint32_t packets0;
    const void *input1;
    uint32_t packets1, offset;
    void *output;
    uint32_t blocks;
    void *work;
    uint32_t decode_count, channels, rate;
    uint32_t loop_start, loop_end;
    uint8_t loop_count, subframe_end, subframe_skip, pad;
};

void MmFreePhysicalMemory(uint32_t kind, void *memory);
uint32_t XMACreateContext(volatile uint32_t **context);
uint32_t XMAInitializeContext(volatile uint32_t *context, const struct context_init *init);
uint32_t XMAReleaseContext(volatile uint32_t *context);
uint32_t XMAEnableContext(volatile uint32_t *context);
uint32_t XMADisableContext(volatile uint32_t *context, uint32_t wait);
uint32_t XMABlockWhileInUse(volatile uint32_t *context);
uint32_t XMAGetOutputBufferWriteOffset(volatile uint32_t *context);
uint32_t XMASetOutputBufferReadOffset(volatile uint32_t *context, uint32_t offset);
uint32_t XMAGetOutputBufferReadOffset(volatile uint32_t *context);
uint32_t XMASetOutputBufferValid(volatile uint32_t *context);
uint32_t XMAIsOutputBufferValid(volatile uint32_t *context);
uint32_t XMASetInputBuffer0Valid(volatile uint32_t *context);
uint32_t XMAIsInputBuffer0Valid(volatile uint32_t *context);

// Plays the stream from its start, again when it is used up, until enough blocks of samples are there; their checksum.
static uint32_t decode(volatile uint32_t *context, const int16_t *ring) {
    uint32_t sum = 1, done = 0, loud = 0;
    for (int tries = 0; tries < 1000 && done < WANTED; tries++) {
        if (!XMAIsInputBuffer0Valid(context)) XMASetInputBuffer0Valid(context);
        if (!XMAIsOutputBufferValid(context)) XMASetOutputBufferValid(context);
        XMAEnableContext(context);
        XMABlockWhileInUse(context);
        uint32_t at = XMAGetOutputBufferReadOffset(context), end = XMAGetOutputBufferWriteOffset(context);
        // The ring is full, or has what is between the two offsets.
        uint32_t blocks = at == end && XMAIsOutputBufferValid(context) ? 0 : (end + BLOCKS - at - 1) % BLOCKS + 1;
        for (uint32_t i = 0; i < blocks && done < WANTED; i++, done++, at = (at + 1) % BLOCKS) {
            for (uint32_t j = 0; j < BLOCK / 2; j++) {
                int16_t sample = ring[at * (BLOCK / 2) + j];
                sum = sum * 31 + (uint16_t)sample;
                loud |= sample > 1000 || sample < -1000;
            }
        }
        XMASetOutputBufferReadOffset(context, at);
    }
    EXPECT(done, WANTED);
    EXPECT(loud, 1);
    return sum;
}

uint32_t stream_thread(uint32_t unused) {
    (void)unused;
    uint8_t *memory = MmAllocatePhysicalMemoryEx(0, 0x10000, 0x404, 0, 0xFFFFFFFF, 0x1000);
    EXPECT(memory != 0, 1);
    memcpy(memory, stream, stream_size);
    struct context_init init = {
        .input0 = memory, .packets0 = stream_size / PACKET, .offset = 32, .output = memory + 0xC000, .blocks = BLOCKS,
        .work = memory + 0xE000, .decode_count = 4, .rate = 3,
    };
    uint32_t sums[2];
    for (int round = 0; round < 2; round++) {
        volatile uint32_t *context;
        EXPECT(XMACreateContext(&context), 0);
        EXPECT(XMADisableContext(context, 0), 0);
        EXPECT(XMAInitializeContext(context, &init), 0);
        sums[round] = decode(context, (const int16_t *)(memory + 0xC000));
        EXPECT(XMADisableContext(context, 1), 0);
        EXPECT(XMAReleaseContext(context), 0);
    }
    // A context that is given back leaves nothing to the next one.
    EXPECT(sums[0], sums[1]);
    MmFreePhysicalMemory(0, memory);
    return 0;
}
