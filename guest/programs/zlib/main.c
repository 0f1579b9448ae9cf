#include "driver.h"
#include <zlib.h>

void program(void) {
    uLong size = 400000;
    uLongf packed_size;
    uint8_t *text = need_memory(size), *packed = need_memory(compressBound(size)), *back = need_memory(size);
    static const int levels[] = {1, 6, 9};
    for (int kind = 0; kind < 2; kind++) {
        (kind ? make_records : make_text)((char *)text, size);
        for (int i = 0; i < 3; i++) {
            packed_size = compressBound(size);
            need(compress2(packed, &packed_size, text, size, levels[i]) == Z_OK, "compress2");
            fold(packed, packed_size);
            for (int again = 0; again < 4; again++) {
                uLongf got = size;
                need(uncompress(back, &got, packed, packed_size) == Z_OK, "uncompress");
                need(got == size && !memcmp(text, back, size), "the text again");
            }
        }
    }
}
