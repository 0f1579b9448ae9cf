// A machine without screen, pads and speakers: what the title is compared with.
#include "machine.h"

void screen_begin(void) {}

void screen_show(const uint8_t *pixels, const uint32_t palette[256]) { (void)pixels, (void)palette; }

uint32_t pad_buttons(void) { return 0; }

int speakers_begin(void (*mix)(float *left, float *right)) {
    (void)mix;
    return 0;
}

void speakers_hold(void) {}

void speakers_go_on(void) {}
