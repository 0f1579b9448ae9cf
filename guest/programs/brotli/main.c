#include "driver.h"
#include <brotli/decode.h>
#include <brotli/encode.h>

void program(void) {
    size_t size = 700000, most = BrotliEncoderMaxCompressedSize(size);
    uint8_t *text = need_memory(size), *packed = need_memory(most), *back = need_memory(size);
    for (int kind = 0; kind < 2; kind++) {
        size_t packed_size = most;
        (kind ? make_records : make_text)((char *)text, size);
        need(BrotliEncoderCompress(kind ? 5 : 4, 18, BROTLI_MODE_TEXT, size, text, &packed_size, packed), "compress");
        fold_bits(packed, packed_size);
        fold_number(packed_size > size / 100 && packed_size < size);
        for (int again = 0; again < 6; again++) {
            size_t got = size;
            need(BrotliDecoderDecompress(packed_size, packed, &got, back) == BROTLI_DECODER_RESULT_SUCCESS, "decompress");
            need(got == size && !memcmp(text, back, size), "the text again");
        }
        fold(back, 65536);
    }
}
