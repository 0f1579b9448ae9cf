// A stream of twelve frames with a sine of 1 kHz, of which the last nine are a loop without end:
// decoded by the kernel's calls at first, by words and registers as titles do it themselves later,
// and played on the first channel. The exit code counts what is wrong.
#include "sound.h"
#include "stream.h"

enum { FRAMES = 600, BLOCKS = 16, PACKET = 2048 };

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

uint32_t XMACreateContext(volatile uint32_t **context);
uint32_t XMAInitializeContext(volatile uint32_t *context, const struct context_init *init);
uint32_t XMAReleaseContext(volatile uint32_t *context);
uint32_t XMAEnableContext(volatile uint32_t *context);
uint32_t XMADisableContext(volatile uint32_t *context, uint32_t wait);
uint32_t XMABlockWhileInUse(volatile uint32_t *context);
uint32_t XMAGetOutputBufferWriteOffset(volatile uint32_t *context);
uint32_t XMAGetOutputBufferReadOffset(volatile uint32_t *context);
uint32_t XMASetOutputBufferReadOffset(volatile uint32_t *context, uint32_t offset);
uint32_t XMASetOutputBufferValid(volatile uint32_t *context);
uint32_t XMAIsOutputBufferValid(volatile uint32_t *context);
uint32_t XMASetInputBuffer0Valid(volatile uint32_t *context);
uint32_t XMAIsInputBuffer0Valid(volatile uint32_t *context);
uint32_t XMASetInputBuffer1Valid(volatile uint32_t *context);
uint32_t XMAIsInputBuffer1Valid(volatile uint32_t *context);
uint32_t XMASetInputBuffer0(volatile uint32_t *context, const void *buffer, uint32_t packets);
uint32_t XMASetInputBuffer1(volatile uint32_t *context, const void *buffer, uint32_t packets);
uint32_t XMAGetPacketMetadata(volatile uint32_t *context);
uint32_t XMASetLoopData(volatile uint32_t *context, const uint32_t *loop);
uint32_t XMAGetInputBufferReadOffset(volatile uint32_t *context);
uint32_t XMASetInputBufferReadOffset(volatile uint32_t *context, uint32_t offset);

static volatile uint32_t *context;
static int16_t *ring;
static uint32_t frames;

// The decoder's registers hold little-endian words.
static uint32_t load(uint32_t offset) {
    uint32_t value;
    __asm__ volatile("lwbrx %0, 0, %1" : "=r"(value) : "r"(0x7FEA0000 + offset) : "memory");
    return value;
}

static void store(uint32_t offset, uint32_t value) {
    __asm__ volatile("stwbrx %0, 0, %1; eieio" : : "r"(value), "r"(0x7FEA0000 + offset) : "memory");
}

// Takes two blocks out of the ring, and gives it back to the decoder.
static int fill(float frame[CHANNELS][SAMPLES]) {
    if (frames == FRAMES) return 0;
    uint32_t by_call = ++frames < FRAMES / 2;
    uint32_t at = by_call ? XMAGetOutputBufferReadOffset(context) : context[9] & 31;
    memset(frame, 0, CHANNELS * SAMPLES * sizeof(float));
    const int16_t *block = ring + at * 128;
    for (uint32_t i = 0; i < SAMPLES; i++) frame[0][i] = block[i] * (1.0f / 32768);
    at = (at + 2) % BLOCKS;
    if (by_call) {
        XMASetOutputBufferReadOffset(context, at);
        XMASetOutputBufferValid(context);
        XMAEnableContext(context);
        return 1;
    }
    uint32_t number = (MmGetPhysicalAddress((void *)context) - load(0x1800)) / 64;
    store(0x1A40 + number / 32 * 4, 1u << number % 32);
    while (load(0x1818) == number) {}
    context[9] = (context[9] & ~31u) | at;
    context[1] |= 1u << 31;
    store(0x1940 + number / 32 * 4, 1u << number % 32);
    return 1;
}

int main(void) {
    uint8_t *memory = MmAllocatePhysicalMemoryEx(0, 0x10000, 0x404, 0, 0xFFFFFFFF, 0x1000);
    memcpy(memory, stream, stream_size);
    ring = (int16_t *)(memory + 0xC000);
    struct context_init init = {
        .input0 = memory, .packets0 = stream_size / PACKET, .offset = 32, .output = ring, .blocks = BLOCKS,
        .work = memory + 0xE000, .decode_count = 4, .rate = 3, .loop_start = 1, .loop_end = 2, .loop_count = 3,
    };
    expect(XMACreateContext(&context) == 0 && context, "a context");
    expect(!XMAIsInputBuffer0Valid(context) && !XMAIsInputBuffer1Valid(context), "no input");
    expect(XMADisableContext(context, 0) == 0 && XMABlockWhileInUse(context) == 0, "it is idle");
    expect(XMAInitializeContext(context, &init) == 0, "initialised");
    expect(context[3] == 1 && (context[4] & 0x3FFFFFF) == 2 && (context[0] >> 12 & 255) == 3, "the loop of the description");
    uint32_t loop[3] = {LOOP_START, LOOP_END, 255u << 24 | 3 << 16};
    expect(XMASetLoopData(context, loop) == 0, "a loop");
    expect(XMASetInputBuffer1(context, memory, 1) == 0 && XMASetInputBuffer1Valid(context) == 0, "a second buffer");
    expect(XMAIsInputBuffer1Valid(context), "it has the second buffer");
    context[0] &= ~(1u << 21);
    expect(XMASetInputBuffer0(context, memory, stream_size / PACKET) == 0, "a first buffer");
    expect(context[5] == MmGetPhysicalAddress(memory), "by its physical address");
    expect(XMASetInputBufferReadOffset(context, 40) == 0 && XMAGetInputBufferReadOffset(context) == 40, "an offset");
    XMASetInputBufferReadOffset(context, 32);
    expect(XMAEnableContext(context) == 0 && XMAGetOutputBufferWriteOffset(context) == 0, "nothing to do");
    XMASetOutputBufferValid(context);
    XMASetInputBuffer0Valid(context);
    expect(XMAIsOutputBufferValid(context) && XMAIsInputBuffer0Valid(context), "all is given");
    XMAEnableContext(context);
    expect(!XMAIsOutputBufferValid(context), "the ring is full");
    expect(XMAGetOutputBufferWriteOffset(context) == 0, "all around");
    expect(XMAIsInputBuffer0Valid(context) && XMAGetPacketMetadata(context) == 1, "the input is not used up");
    uint32_t asked;
    play(fill, &asked);
    expect(frames == FRAMES && asked == FRAMES + 1, "a question for each frame");
    expect(XMAReleaseContext(context) == 0 && context[0] == 0 && context[5] == 0, "given back");
    expect(XMAEnableContext(context) & 0x80000000, "nobody's context");
    DbgPrint("%u frames, %u faults\n", frames, faults);
    return faults;
}
