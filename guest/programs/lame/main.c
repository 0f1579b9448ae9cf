#include "driver.h"
#include <lame.h>

enum { SAMPLES = 1152 * 60 };

void program(void) {
    int16_t *sound = need_memory(SAMPLES * 2);
    uint8_t *bytes = need_memory(SAMPLES * 2);
    make_sound(sound, SAMPLES);
    for (int kind = 0; kind < 2; kind++) {
        lame_t coder = lame_init();
        int size = 0, got;
        need(coder != NULL, "a coder");
        lame_set_in_samplerate(coder, 44100), lame_set_num_channels(coder, 1);
        lame_set_mode(coder, MONO), lame_set_quality(coder, 5), lame_set_bWriteVbrTag(coder, 0);
        lame_set_brate(coder, kind ? 128 : 64), lame_set_disable_reservoir(coder, 1);
        need(lame_init_params(coder) >= 0, "parameters");
        for (int at = 0; at < SAMPLES; at += 1152) {
            got = lame_encode_buffer(coder, sound + at, sound + at, 1152, bytes + size, SAMPLES * 2 - size);
            need(got >= 0, "encode");
            size += got;
        }
        got = lame_encode_flush(coder, bytes + size, SAMPLES * 2 - size);
        need(got >= 0, "flush");
        // At a constant rate the size is exact; what bits say may differ where
        // single precision falls either way.
        fold_number((uint64_t)(size + got));
        fold(bytes, 4), fold_bits(bytes, (size_t)(size + got));
        lame_close(coder);
    }
}
