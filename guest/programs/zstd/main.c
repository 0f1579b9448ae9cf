#include "driver.h"
#include <zstd.h>

void program(void) {
    static const int levels[] = {1, 3, 9};
    size_t size = 1 << 20, most = ZSTD_compressBound(size);
    char *text = need_memory(size), *packed = need_memory(most), *back = need_memory(size);
    for (int kind = 0; kind < 2; kind++) {
        (kind ? make_records : make_text)(text, size);
        for (int i = 0; i < 3; i++) {
            size_t packed_size = ZSTD_compress(packed, most, text, size, levels[i]);
            need(!ZSTD_isError(packed_size), "compress");
            fold_bits(packed, packed_size);
            fold_number(i == 2 ? packed_size : 0);
            for (int again = 0; again < 6; again++)
                need(ZSTD_decompress(back, size, packed, packed_size) == size, "decompress");
            need(!memcmp(text, back, size), "the text again");
            fold(back, 4096);
        }
    }
}
