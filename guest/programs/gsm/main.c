#include "driver.h"
#include <gsm.h>

void program(void) {
    size_t samples = 160 * 1500;
    int16_t *sound = need_memory(samples * 2);
    gsm coder = gsm_create(), decoder = gsm_create();
    make_sound(sound, samples);
    for (size_t at = 0; at < samples; at += 160) {
        gsm_frame frame;
        gsm_signal out[160];
        gsm_encode(coder, sound + at, frame);
        need(!gsm_decode(decoder, frame, out), "decode");
        fold(frame, sizeof frame);
        for (int i = 0; i < 160; i += 20) fold_number((uint16_t)out[i]);
    }
    gsm_destroy(coder);
    gsm_destroy(decoder);
}
