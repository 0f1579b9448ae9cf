#include "driver.h"
#include <jpeglib.h>

enum { WIDTH = 640, HEIGHT = 480 };

static unsigned long save(uint8_t *rgb, uint8_t **bytes, int quality, int progressive, J_DCT_METHOD method) {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned long size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    *bytes = NULL;
    jpeg_mem_dest(&jpeg, bytes, &size);
    jpeg.image_width = WIDTH, jpeg.image_height = HEIGHT, jpeg.input_components = 3, jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg.dct_method = method;
    if (progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < HEIGHT) {
        JSAMPROW row = rgb + jpeg.next_scanline * WIDTH * 3;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return size;
}

static void load(uint8_t *to, const uint8_t *bytes, unsigned long size, J_DCT_METHOD method) {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, bytes, size);
    need(jpeg_read_header(&jpeg, TRUE) == JPEG_HEADER_OK, "header");
    jpeg.dct_method = method;
    jpeg_start_decompress(&jpeg);
    while (jpeg.output_scanline < HEIGHT) {
        JSAMPROW row = to + jpeg.output_scanline * WIDTH * 3;
        jpeg_read_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
}

void program(void) {
    size_t size = WIDTH * HEIGHT * 3;
    uint8_t *rgb = need_memory(size), *back = need_memory(size), *bytes;
    make_picture(rgb, WIDTH, HEIGHT);
    for (int round = 0; round < 6; round++) {
        J_DCT_METHOD method = round & 1 ? JDCT_IFAST : JDCT_ISLOW;
        unsigned long length = save(rgb, &bytes, 60 + 6 * round, round & 2, method);
        fold(bytes, length);
        for (int again = 0; again < 3; again++) load(back, bytes, length, method);
        fold(back, size);
        free(bytes);
    }
}
