// The suite: one small picture for each thing that the graphics chip
// does, shown one after the other.
#include "scene.h"

#define SCENE(name) void name(Scene *);
#include "scenes.inc"
#undef SCENE

static void (*const scenes[])(Scene *) = {
#define SCENE(name) name,
#include "scenes.inc"
#undef SCENE
};

enum { COMMAND_BYTES = 0x80000, SCENE_BYTES = 0x400000 };

int main(void) {
    Scene scene = {.front = {.width = SIDE, .height = SIDE}};
    gpu_start();
    commands_allocate(&scene.commands, COMMAND_BYTES);
    gpu_allocate(&scene.memory, SCENE_BYTES);
    gpu_allocate(&scene.front.memory, SIDE * SIDE * 4);
    for (uint32_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        scene_begin(&scene);
        scenes[i](&scene);
        scene_end(&scene);
        gpu_submit(&scene.commands, &scene.front, i + 1);
        // Its memory is used again.
        gpu_wait_for_fence(i + 1);
    }
    return 0;
}
