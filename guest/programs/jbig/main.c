#include "driver.h"
#include <jbig.h>

static uint8_t *packed;
static size_t packed_size;

static void append(unsigned char *bytes, size_t size, void *data) {
    (void)data;
    need(packed_size + size <= 1 << 20, "room");
    memcpy(packed + packed_size, bytes, size);
    packed_size += size;
}

void program(void) {
    enum { WIDTH = 640, HEIGHT = 480 };
    uint8_t *picture = need_memory(3 * WIDTH * HEIGHT), *plane = need_memory(WIDTH / 8 * HEIGHT);
    packed = need_memory(1 << 20);
    make_picture(picture, WIDTH, HEIGHT);
    for (int threshold = 40; threshold < 240; threshold += 50) {
        memset(plane, 0, WIDTH / 8 * HEIGHT);
        for (int i = 0; i < WIDTH * HEIGHT; i++)
            if (picture[3 * i + 1] > threshold + (int)(next_random() % 8)) plane[i / 8] |= (uint8_t)(128 >> i % 8);
        for (int narrow = 0; narrow < 2; narrow++) {
            struct jbg_enc_state write;
            struct jbg_dec_state read;
            uint8_t *planes[] = {plane};
            packed_size = 0;
            jbg_enc_init(&write, WIDTH, HEIGHT, 1, planes, append, NULL);
            if (narrow) jbg_enc_options(&write, JBG_ILEAVE | JBG_SMID, JBG_LRLTWO | JBG_TPBON, 64, 8, -1);
            jbg_enc_out(&write);
            jbg_enc_free(&write);
            fold(packed, packed_size);
            jbg_dec_init(&read);
            need(jbg_dec_in(&read, packed, packed_size, NULL) == JBG_EOK, "unpacking");
            need(jbg_dec_getsize(&read) == WIDTH / 8 * HEIGHT && !memcmp(jbg_dec_getimage(&read, 0), plane, WIDTH / 8 * HEIGHT), "the picture again");
            jbg_dec_free(&read);
        }
    }
    free(picture), free(plane), free(packed);
}
