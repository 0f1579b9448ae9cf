// The machine as the game needs it, beside the C library: machine_title.c and sound_title.c are the console's, machine_native.c is
// a machine without screen, pads and speakers.
#pragma once
#include <stdint.h>

enum { WIDTH = 320, HEIGHT = 200 };

// Red in the lowest byte, then green and blue; the highest is 255.
void screen_begin(void);
void screen_show(const uint8_t *pixels, const uint32_t palette[256]);

// Buttons as XINPUT_GAMEPAD has them, and sticks as the direction buttons; triggers are the two bits above.
enum {
    PAD_UP = 1,
    PAD_DOWN = 2,
    PAD_LEFT = 4,
    PAD_RIGHT = 8,
    PAD_START = 0x10,
    PAD_BACK = 0x20,
    PAD_LEFT_SHOULDER = 0x100,
    PAD_RIGHT_SHOULDER = 0x200,
    PAD_A = 0x1000,
    PAD_B = 0x2000,
    PAD_X = 0x4000,
    PAD_Y = 0x8000,
    PAD_LEFT_TRIGGER = 0x10000,
    PAD_RIGHT_TRIGGER = 0x20000,
};
uint32_t pad_buttons(void);

// Speakers play what `mix` puts into a frame: SPEAKER_SAMPLES samples for the left one, as many for the right one, 48,000 a
// second. It is called on a thread of its own. False where there are no speakers.
enum { SPEAKER_SAMPLES = 256, SPEAKER_RATE = 48000 };
int speakers_begin(void (*mix)(float *left, float *right));
// Between these two calls `mix` is not called.
void speakers_hold(void);
void speakers_go_on(void);
