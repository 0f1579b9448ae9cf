#include "driver.h"
#include <bzlib.h>

void bz_internal_error(int code) {
    (void)code;
    need(0, "bzip2's own checks");
}

void program(void) {
    unsigned size = 900000, packed_size, got;
    char *text = need_memory(size), *packed = need_memory(size), *back = need_memory(size);
    for (int kind = 0; kind < 2; kind++) {
        (kind ? make_records : make_text)(text, size);
        packed_size = got = size;
        need(BZ2_bzBuffToBuffCompress(packed, &packed_size, text, size, 9, 0, 0) == BZ_OK, "compress");
        fold(packed, packed_size);
        need(BZ2_bzBuffToBuffDecompress(back, &got, packed, packed_size, 0, 0) == BZ_OK, "decompress");
        need(got == size && !memcmp(text, back, size), "the text again");
    }
}
