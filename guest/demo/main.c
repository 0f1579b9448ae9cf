// The demo: a torus knot that turns above a mirror, stars around it, and the name below. Everything
// moves by the frame's number, so every run shows the same pictures.
#include "scene.h"
#include "state.h"

enum { COMMAND_BYTES = 0x8000, FRONT_BYTES = 1280 * 736 * 4, FRAMES_PER_SECOND = 60 };

// The rectangle that is copied: the whole screen.
static uint32_t make_copy_rectangle(void) {
    static const float corners[6] = {0, 0, SCREEN_WIDTH, 0, SCREEN_WIDTH, SCREEN_HEIGHT};
    Shared memory;
    gpu_allocate(&memory, sizeof corners);
    for (int i = 0; i < 6; i++) ((float *)memory.at)[i] = corners[i];
    return memory.physical;
}

static void set_camera(Frame *frame) {
    Vec eye = vec4(0.35f * sine(0.031f * frame->time), -1.05f, 9.4f, 1);
    Matrix projection, view, mirror;
    perspective(&projection, 2.75f, (float)SCREEN_WIDTH / SCREEN_HEIGHT, 2, 40, HORIZON);
    translation(&view, -lane(eye, 0), -lane(eye, 1), -lane(eye, 2));
    translation(&mirror, 0, 2 * FLOOR, 0);
    mirror.column[1] = vec4(0, -1, 0, 0);
    frame->eye = eye;
    product(&frame->view_projection, &projection, &view);
    product(&frame->mirrored, &frame->view_projection, &mirror);
}

int main(void) {
    gpu_start();
    init_backdrop();
    init_knot();
    init_stars();
    init_letters();
    uint32_t rectangle = make_copy_rectangle();
    Front fronts[2];
    Commands commands[2];
    for (int i = 0; i < 2; i++) {
        fronts[i] = (Front){.width = SCREEN_WIDTH, .height = SCREEN_HEIGHT};
        gpu_allocate(&fronts[i].memory, FRONT_BYTES);
        commands_allocate(&commands[i], COMMAND_BYTES);
    }

    for (uint32_t number = 1;; number++) {
        Frame frame = {
            .commands = &commands[number & 1],
            .parity = number & 1,
            .time = (float)number / FRAMES_PER_SECOND,
        };
        // This frame overwrites the memory of the frame before last.
        gpu_wait_for_fence(number - 2);
        set_camera(&frame);
        update_knot(&frame);
        update_stars(&frame);

        commands_begin(frame.commands);
        state_begin(frame.commands);
        draw_backdrop(&frame);
        draw_knot(&frame, 1);
        draw_knot(&frame, 0);
        draw_stars(&frame);
        draw_letters(&frame);
        state_copy(frame.commands, rectangle, fronts[frame.parity].memory.physical);
        gpu_submit(frame.commands, &fronts[frame.parity], number);
        gpu_wait_for_blank();
    }
}
