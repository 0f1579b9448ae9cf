#include "driver.h"
#include <lzo/lzo1x.h>

void program(void) {
    lzo_uint size = 600000, most = size + size / 16 + 64 + 3, packed_size, got;
    uint8_t *text = need_memory(size), *packed = need_memory(most), *back = need_memory(size);
    void *work = need_memory(LZO1X_999_MEM_COMPRESS);
    need(lzo_init() == LZO_E_OK, "init");
    for (int round = 0; round < 8; round++) {
        (round & 1 ? make_records : make_text)((char *)text, size);
        packed_size = 0;
        need(lzo1x_1_compress(text, size, packed, &packed_size, work) == LZO_E_OK, "compress");
        got = size;
        need(lzo1x_decompress_safe(packed, packed_size, back, &got, NULL) == LZO_E_OK && got == size, "decompress");
        need(!memcmp(text, back, size), "the text again");
        fold(back, 4096);
        if (round < 7) continue;
        need(lzo1x_999_compress(text, size, packed, &packed_size, work) == LZO_E_OK, "compress thoroughly");
        fold(packed, packed_size);
        for (int again = 0; again < 10; again++) {
            got = size;
            need(lzo1x_decompress(packed, packed_size, back, &got, NULL) == LZO_E_OK && got == size, "decompress");
        }
        need(!memcmp(text, back, size), "the text again");
    }
}
