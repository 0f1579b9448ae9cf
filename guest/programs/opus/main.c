#include "driver.h"
#include <opus.h>

void program(void) {
    enum { RATE = 48000, FRAME = 960, FRAMES = 50 };
    int16_t *sound = need_memory(2 * FRAME * FRAMES * sizeof *sound), heard[2 * FRAME];
    uint8_t packet[1500];
    static const struct { int channels, bits, use; } kinds[] = {
        {1, 14000, OPUS_APPLICATION_VOIP}, {1, 32000, OPUS_APPLICATION_VOIP}, {2, 96000, OPUS_APPLICATION_AUDIO}};
    make_sound(sound, 2 * FRAME * FRAMES);
    for (int kind = 0; kind < 3; kind++) {
        int channels = kinds[kind].channels, error;
        OpusEncoder *encoder = opus_encoder_create(RATE, channels, kinds[kind].use, &error);
        need(error == OPUS_OK, "an encoder");
        OpusDecoder *decoder = opus_decoder_create(RATE, channels, &error);
        need(error == OPUS_OK, "a decoder");
        opus_encoder_ctl(encoder, OPUS_SET_BITRATE(kinds[kind].bits)), opus_encoder_ctl(encoder, OPUS_SET_VBR(0));
        for (int frame = 0; frame < FRAMES; frame++) {
            int size = opus_encode(encoder, sound + frame * FRAME * channels, FRAME, packet, sizeof packet);
            need(size > 0, "a packet");
            fold_number((uint64_t)size), fold_bits(packet, (size_t)size);
            need(opus_decode(decoder, packet, size, heard, FRAME, 0) == FRAME, "decoding");
            fold_bits(heard, sizeof *heard * FRAME * (size_t)channels);
        }
        opus_encoder_destroy(encoder), opus_decoder_destroy(decoder);
    }
    free(sound);
}
