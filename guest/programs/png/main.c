#include "driver.h"
#include <png.h>

enum { WIDTH = 400, HEIGHT = 300 };

static struct { uint8_t *bytes; size_t size, at; } file;

static void put(png_structp png, png_bytep bytes, size_t size) {
    (void)png;
    memcpy(file.bytes + file.size, bytes, size);
    file.size += size;
}

static void flush(png_structp png) { (void)png; }

static void get(png_structp png, png_bytep bytes, size_t size) {
    if (size > file.size - file.at) png_error(png, "too short");
    memcpy(bytes, file.bytes + file.at, size);
    file.at += size;
}

static void save(uint8_t *rgb, int level, int interlace) {
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_bytep rows[HEIGHT];
    need(!setjmp(png_jmpbuf(png)), "writing");
    file.size = file.at = 0;
    png_set_write_fn(png, NULL, put, flush);
    png_set_compression_level(png, level);
    png_set_IHDR(png, info, WIDTH, HEIGHT, 8, PNG_COLOR_TYPE_RGB, interlace, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    for (int y = 0; y < HEIGHT; y++) rows[y] = rgb + y * WIDTH * 3;
    png_write_info(png, info);
    png_write_image(png, rows);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
}

static void load(uint8_t *to, int expand) {
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_bytep rows[HEIGHT];
    need(!setjmp(png_jmpbuf(png)), "reading");
    file.at = 0;
    png_set_read_fn(png, NULL, get);
    png_read_info(png, info);
    if (expand) png_set_add_alpha(png, 255, PNG_FILLER_AFTER), png_set_bgr(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    for (int y = 0; y < HEIGHT; y++) rows[y] = to + y * WIDTH * (expand ? 4 : 3);
    png_read_image(png, rows);
    png_read_end(png, info);
    png_destroy_read_struct(&png, &info, NULL);
}

void program(void) {
    size_t size = WIDTH * HEIGHT * 4;
    uint8_t *rgb = need_memory(size), *back = need_memory(size);
    file.bytes = need_memory(2 * size);
    make_picture(rgb, WIDTH, HEIGHT);
    for (int round = 0; round < 3; round++) {
        save(rgb, 3 + round, round & 1 ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE);
        fold(file.bytes, file.size);
        for (int again = 0; again < 3; again++) {
            load(back, again & 1);
            if (!(again & 1)) need(!memcmp(rgb, back, WIDTH * HEIGHT * 3), "the picture again");
            fold(back, 4096);
        }
    }
}
