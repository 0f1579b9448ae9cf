// A scene of the suite for titles that ask too much of the chip, and a
// frame with nothing else in it.
#pragma once
#include "copy.h"
#include "kernel.h"
#include "texture.h"

enum { COMMAND_BYTES = 0x10000, SCENE_BYTES = 0x10000 };

static inline void scene_start(Scene *s) {
    s->front.width = s->front.height = SIDE;
    gpu_start();
    commands_allocate(&s->commands, COMMAND_BYTES);
    gpu_allocate(&s->memory, SCENE_BYTES);
    gpu_allocate(&s->front.memory, SIDE * SIDE * 4);
    scene_begin(s);
}

// Shows the scene, and waits until the chip is through.
static inline void scene_show(Scene *s) {
    scene_end(s);
    gpu_submit(&s->commands, &s->front, 1);
    gpu_wait_for_fence(1);
    DbgPrint("done\n");
}
