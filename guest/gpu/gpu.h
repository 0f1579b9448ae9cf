// The graphics chip from the title's side: memory it can see, the ring, commands, fences, swaps.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Words that are being written for the chip to read. Addresses given to the chip are physical.
typedef struct {
    uint32_t *words;
    uint32_t physical;
    uint32_t count, limit;
} Commands;

// Memory that the processor and the chip share. It is never freed.
typedef struct {
    void *at;
    uint32_t physical;
} Shared;

// gcc 12 loses the hidden pointer of a returned structure with -m32 -mpowerpc64, so results go
// through pointers everywhere.
void gpu_allocate(Shared *memory, uint32_t size);

// Starts the chip with a ring; frames can be submitted then.
void gpu_start(void);

// Makes room for commands, so many bytes.
void commands_allocate(Commands *commands, uint32_t bytes);
// Empties a command buffer.
void commands_begin(Commands *commands);

// One word; the buffer's limit is never passed, an overlong list is cut
// (and shows as a broken picture).
static inline void emit(Commands *commands, uint32_t word) {
    if (commands->count < commands->limit) commands->words[commands->count++] = word;
}

void emit_register(Commands *commands, uint32_t index, uint32_t value);
void emit_float_register(Commands *commands, uint32_t index, float value);

// A picture that can be shown: tiled, 8_8_8_8.
typedef struct {
    Shared memory;
    uint32_t width, height;
} Front;

// Hands over a frame: runs the commands, shows the front buffer, raises
// fence `number` when all is done.
void gpu_submit(const Commands *commands, const Front *front, uint32_t number);

// Sleeps until the fence has that number.
void gpu_wait_for_fence(uint32_t number);

// Sleeps until the next vertical blank.
void gpu_wait_for_blank(void);
