#include "driver.h"
#include <libdeflate.h>

void program(void) {
    size_t size = 300000;
    uint8_t *text = need_memory(size), *back = need_memory(size);
    static const int levels[] = {1, 3, 6, 8, 9, 12};
    for (int kind = 0; kind < 2; kind++) {
        (kind ? make_records : make_text)((char *)text, size);
        for (int i = 0; i < 6; i++) {
            struct libdeflate_compressor *pack = libdeflate_alloc_compressor(levels[i]);
            struct libdeflate_decompressor *unpack = libdeflate_alloc_decompressor();
            need(pack && unpack, "both");
            size_t bound = libdeflate_gzip_compress_bound(pack, size), got;
            uint8_t *packed = need_memory(bound);
            size_t packed_size = libdeflate_gzip_compress(pack, text, size, packed, bound);
            need(packed_size != 0, "a packed text");
            fold(packed, packed_size);
            for (int again = 0; again < 6; again++) {
                need(libdeflate_gzip_decompress(unpack, packed, packed_size, back, size, &got) == LIBDEFLATE_SUCCESS, "unpacking");
                need(got == size && !memcmp(text, back, size), "the text again");
            }
            fold_number(libdeflate_adler32(1, packed, packed_size));
            free(packed);
            libdeflate_free_compressor(pack), libdeflate_free_decompressor(unpack);
        }
    }
    free(text), free(back);
}
