#include "driver.h"
#include <vorbis/codec.h>
#include <vorbis/vorbisenc.h>

enum { SAMPLES = 44100 * 2, BLOCK = 1024 };

void program(void) {
    vorbis_info info, heard_info;
    vorbis_comment comment, heard_comment;
    vorbis_dsp_state coder, decoder;
    vorbis_block block, heard_block;
    ogg_packet header[3], packet;
    int16_t *sound = need_memory(SAMPLES * 2);
    double power = 0, heard = 0;
    uint64_t samples = 0;
    make_sound(sound, SAMPLES);
    vorbis_info_init(&info), vorbis_comment_init(&comment);
    need(!vorbis_encode_init_vbr(&info, 1, 44100, 0.4f), "coder");
    vorbis_analysis_init(&coder, &info), vorbis_block_init(&coder, &block);
    vorbis_analysis_headerout(&coder, &comment, &header[0], &header[1], &header[2]);
    vorbis_info_init(&heard_info), vorbis_comment_init(&heard_comment);
    for (int i = 0; i < 3; i++) need(!vorbis_synthesis_headerin(&heard_info, &heard_comment, &header[i]), "header");
    vorbis_synthesis_init(&decoder, &heard_info), vorbis_block_init(&decoder, &heard_block);
    for (int at = 0; at <= SAMPLES; at += BLOCK) {
        int count = SAMPLES - at < BLOCK ? 0 : BLOCK;
        if (count) {
            float **buffer = vorbis_analysis_buffer(&coder, count);
            for (int i = 0; i < count; i++) {
                buffer[0][i] = sound[at + i] / 32768.f;
                power += buffer[0][i] * buffer[0][i];
            }
        }
        vorbis_analysis_wrote(&coder, count);
        while (vorbis_analysis_blockout(&coder, &block) == 1) {
            vorbis_analysis(&block, NULL), vorbis_bitrate_addblock(&block);
            while (vorbis_bitrate_flushpacket(&coder, &packet)) {
                float **out;
                int got;
                need(!vorbis_synthesis(&heard_block, &packet), "decode");
                vorbis_synthesis_blockin(&decoder, &heard_block);
                while ((got = vorbis_synthesis_pcmout(&decoder, &out)) > 0) {
                    fold_bits(out[0], (size_t)got * sizeof **out);
                    for (int i = 0; i < got; i++) heard += out[0][i] * out[0][i];
                    samples += (uint64_t)got;
                    vorbis_synthesis_read(&decoder, got);
                }
            }
        }
        if (!count) break;
    }
    // Single precision may fall either way at a code's border: how much is exact, loudness roughly.
    fold_number(samples);
    fold_number((uint64_t)(heard > power * 0.7 && heard < power * 1.3));
}
