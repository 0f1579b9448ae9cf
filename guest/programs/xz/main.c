#include "driver.h"
#include <lzma.h>

void program(void) {
    static const lzma_match_finder finders[] = {LZMA_MF_HC4, LZMA_MF_BT4};
    size_t size = 400000, most = size + size / 2;
    uint8_t *text = need_memory(size), *packed = need_memory(most), *back = need_memory(size);
    for (int kind = 0; kind < 2; kind++) {
        lzma_options_lzma options;
        (kind ? make_records : make_text)((char *)text, size);
        need(!lzma_lzma_preset(&options, kind ? 6 : 1), "preset");
        options.dict_size = 1 << 20;
        options.mf = finders[kind];
        lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};
        size_t packed_size = 0;
        need(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC64, NULL, text, size, packed, &packed_size, most) ==
                 LZMA_OK, "encode");
        fold(packed, packed_size);
        for (int again = 0; again < 4; again++) {
            uint64_t limit = UINT64_MAX;
            size_t from = 0, to = 0;
            need(lzma_stream_buffer_decode(&limit, 0, NULL, packed, &from, packed_size, back, &to, size) == LZMA_OK,
                 "decode");
            need(to == size && !memcmp(text, back, size), "the text again");
        }
    }
}
