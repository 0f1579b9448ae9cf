#include "driver.h"
#include <FLAC/stream_decoder.h>
#include <FLAC/stream_encoder.h>

enum { SAMPLES = 60000, ROOM = 1 << 20 };
static uint8_t *packed;
static size_t packed_size, taken;
static int32_t *sound;
static uint32_t heard;

static FLAC__StreamEncoderWriteStatus append(const FLAC__StreamEncoder *e, const FLAC__byte bytes[], size_t size, uint32_t samples, uint32_t frame, void *data) {
    (void)e, (void)samples, (void)frame, (void)data;
    need(packed_size + size <= ROOM, "room");
    memcpy(packed + packed_size, bytes, size);
    packed_size += size;
    return FLAC__STREAM_ENCODER_WRITE_STATUS_OK;
}

static FLAC__StreamDecoderReadStatus take(const FLAC__StreamDecoder *d, FLAC__byte bytes[], size_t *size, void *data) {
    (void)d, (void)data;
    if (*size > packed_size - taken) *size = packed_size - taken;
    memcpy(bytes, packed + taken, *size);
    taken += *size;
    return *size ? FLAC__STREAM_DECODER_READ_STATUS_CONTINUE : FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM;
}

static FLAC__StreamDecoderWriteStatus hear(const FLAC__StreamDecoder *d, const FLAC__Frame *frame, const FLAC__int32 *const channels[], void *data) {
    (void)d, (void)data;
    for (uint32_t i = 0; i < frame->header.blocksize; i++, heard++)
        for (int c = 0; c < 2; c++) need(channels[c][i] == sound[2 * heard + (uint32_t)c], "the sound again");
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void failed(const FLAC__StreamDecoder *d, FLAC__StreamDecoderErrorStatus status, void *data) {
    (void)d, (void)status, (void)data;
    need(0, "a stream without errors");
}

void program(void) {
    int16_t *made = need_memory(2 * SAMPLES * sizeof *made);
    sound = need_memory(2 * SAMPLES * sizeof *sound), packed = need_memory(ROOM);
    make_sound(made, 2 * SAMPLES);
    for (int i = 0; i < 2 * SAMPLES; i++) sound[i] = made[i];
    // Levels 0 to 2 predict by fixed polynomials; the others by coefficients from floating-point
    // arithmetic, whose last bits differ.
    for (unsigned level = 0; level < 6; level += level < 2 ? 1 : 3) {
        packed_size = taken = 0, heard = 0;
        FLAC__StreamEncoder *encoder = FLAC__stream_encoder_new();
        need(encoder != NULL, "an encoder");
        FLAC__stream_encoder_set_channels(encoder, 2), FLAC__stream_encoder_set_bits_per_sample(encoder, 16);
        FLAC__stream_encoder_set_sample_rate(encoder, 44100), FLAC__stream_encoder_set_compression_level(encoder, level);
        need(FLAC__stream_encoder_init_stream(encoder, append, NULL, NULL, NULL, NULL) == FLAC__STREAM_ENCODER_INIT_STATUS_OK, "a start");
        need(FLAC__stream_encoder_process_interleaved(encoder, sound, SAMPLES) && FLAC__stream_encoder_finish(encoder), "coding");
        FLAC__stream_encoder_delete(encoder);
        if (level < 2) fold(packed, packed_size);
        fold_bits(packed, packed_size);
        FLAC__StreamDecoder *decoder = FLAC__stream_decoder_new();
        need(decoder != NULL, "a decoder");
        need(FLAC__stream_decoder_init_stream(decoder, take, NULL, NULL, NULL, NULL, hear, NULL, failed, NULL) == FLAC__STREAM_DECODER_INIT_STATUS_OK, "a start");
        need(FLAC__stream_decoder_process_until_end_of_stream(decoder) && heard == SAMPLES, "decoding");
        FLAC__stream_decoder_finish(decoder), FLAC__stream_decoder_delete(decoder);
    }
    free(made), free(sound), free(packed);
}
