#include "driver.h"
#include <webp/decode.h>
#include <webp/encode.h>

enum { WIDTH = 320, HEIGHT = 240 };

static void encode(const uint8_t *rgb, int lossless, int method, WebPMemoryWriter *writer) {
    WebPConfig config;
    WebPPicture picture;
    need(WebPConfigInit(&config) && WebPPictureInit(&picture), "version");
    config.lossless = lossless, config.method = method, config.quality = lossless ? 20 : 75;
    WebPMemoryWriterInit(writer);
    picture.use_argb = lossless, picture.width = WIDTH, picture.height = HEIGHT;
    picture.writer = WebPMemoryWrite, picture.custom_ptr = writer;
    need(WebPPictureImportRGB(&picture, rgb, WIDTH * 3), "import");
    need(WebPEncode(&config, &picture), "encode");
    WebPPictureFree(&picture);
}

void program(void) {
    uint8_t *rgb = need_memory(WIDTH * HEIGHT * 3);
    make_picture(rgb, WIDTH, HEIGHT);
    for (int round = 0; round < 4; round++) {
        WebPMemoryWriter writer;
        int width, height;
        encode(rgb, round == 3, round == 3 ? 1 : 2 * round, &writer);
        for (int again = 0; again < 6; again++) {
            uint8_t *back = WebPDecodeRGB(writer.mem, writer.size, &width, &height);
            need(back && width == WIDTH && height == HEIGHT, "decode");
            if (again == 5) {
                if (round == 3) need(!memcmp(rgb, back, WIDTH * HEIGHT * 3), "the picture again");
                fold(back, WIDTH * HEIGHT * 3);
            }
            WebPFree(back);
        }
        WebPMemoryWriterClear(&writer);
    }
}
