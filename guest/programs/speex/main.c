#include "driver.h"
#include <speex/speex.h>

static void talk(const SpeexMode *mode, int quality, int16_t *sound, int samples) {
    void *coder = speex_encoder_init(mode), *decoder = speex_decoder_init(mode);
    SpeexBits bits;
    int frame, complexity = 3;
    char bytes[400];
    double power = 0, error = 0;
    speex_bits_init(&bits);
    speex_encoder_ctl(coder, SPEEX_SET_QUALITY, &quality);
    speex_encoder_ctl(coder, SPEEX_SET_COMPLEXITY, &complexity);
    speex_encoder_ctl(coder, SPEEX_GET_FRAME_SIZE, &frame);
    uint32_t size = 0;
    for (int at = 0; at + frame <= samples; at += frame) {
        float in[640], out[640];
        for (int i = 0; i < frame; i++) in[i] = sound[at + i];
        speex_bits_reset(&bits);
        speex_encode(coder, in, &bits);
        int length = speex_bits_write(&bits, bytes, sizeof bytes);
        size += (uint32_t)length;
        speex_bits_read_from(&bits, bytes, length);
        need(!speex_decode(decoder, &bits, out), "decode");
        fold_bits(bytes, (size_t)length), fold_bits(out, (size_t)frame * sizeof *out);
        for (int i = 0; i < frame; i++) power += in[i] * in[i], error += out[i] * out[i];
    }
    // Single precision may fall either way at a code's border: sizes are exact, loudness roughly.
    fold_number(size);
    fold_number((uint64_t)(error > power * 0.2 && error < power * 1.6));
    speex_bits_destroy(&bits);
    speex_encoder_destroy(coder);
    speex_decoder_destroy(decoder);
}

void program(void) {
    int samples = 64000;
    int16_t *sound = need_memory((size_t)samples * 2);
    make_sound(sound, (size_t)samples);
    talk(&speex_nb_mode, 6, sound, samples);
    talk(&speex_wb_mode, 8, sound, samples);
}
