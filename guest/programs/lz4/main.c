#include "driver.h"
#include <lz4.h>
#include <lz4hc.h>

void program(void) {
    int size = 1 << 20, most = LZ4_compressBound(size), packed_size;
    char *text = need_memory((size_t)size), *packed = need_memory((size_t)most), *back = need_memory((size_t)size);
    for (int round = 0; round < 12; round++) {
        (round & 1 ? make_records : make_text)(text, (size_t)size);
        // Which matches are found depends on the word size and the byte order of the machine.
        packed_size = LZ4_compress_default(text, packed, size, most);
        need(packed_size > 0, "compress");
        fold_bits(packed, (size_t)packed_size);
        need(LZ4_decompress_safe(packed, back, packed_size, size) == size, "decompress");
        need(!memcmp(text, back, (size_t)size), "the text again");
        fold(back, 4096);
        if (round < 10) continue;
        packed_size = LZ4_compress_HC(text, packed, size, most, 6);
        need(packed_size > 0, "compress high");
        fold_bits(packed, (size_t)packed_size);
        for (int again = 0; again < 20; again++)
            need(LZ4_decompress_safe(packed, back, packed_size, size) == size, "decompress");
        need(!memcmp(text, back, (size_t)size), "the text again");
    }
}
