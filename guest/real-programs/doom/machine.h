// The machine as the game needs it, beside the C library: machine_title.c and sound_title.c are the
// console's, machine_native.c is a machine without screen, pads and speakers.
#pragma once
#include <stdint.h>

enum { WIDTH = 320, HEIGHT = 200 };

// Call it once, before screen_show.
void screen_begin(void);
// Shows WIDTH * HEIGHT pixels, each a byte that chooses a colour. A colour has red in its lowest
// byte, then green and blue; the highest is 255. Waits until the frame before last has been drawn;
// the memory can be reused afterwards.
void screen_show(const uint8_t *pixels, const uint32_t palette[256]);

// Buttons as XINPUT_GAMEPAD has them, and sticks as the direction buttons; triggers are the two
// bits above.
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
// The buttons that are held on any pad, a sum of the numbers above.
uint32_t pad_buttons(void);

// Speakers play what `mix` puts into a frame: SPEAKER_SAMPLES samples for the left one, as many for
// the right one, SPEAKER_RATE a second. It is called on a thread of its own. False where there are
// no speakers.
enum { SPEAKER_SAMPLES = 256, SPEAKER_RATE = 48000 };
int speakers_begin(void (*mix)(float *left, float *right));
// Keeps `mix` from being called until speakers_go_on, so that the caller can change what it reads.
// The calls come in pairs.
void speakers_hold(void);
void speakers_go_on(void);
