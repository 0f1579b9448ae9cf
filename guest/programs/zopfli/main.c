#include "driver.h"
#include <zopfli.h>

void program(void) {
    size_t size = 24000;
    uint8_t *text = need_memory(size);
    for (int kind = 0; kind < 2; kind++) {
        (kind ? make_records : make_text)((char *)text, size);
        ZopfliOptions options;
        ZopfliInitOptions(&options);
        options.numiterations = 5;
        uint8_t *packed = NULL;
        size_t packed_size = 0;
        ZopfliCompress(&options, ZOPFLI_FORMAT_ZLIB, text, size, &packed, &packed_size);
        // Costs are sums of logarithms: the last bits of a library decide between equal ways.
        fold_bits(packed, packed_size);
        fold_number(packed_size / 64);
        free(packed);
    }
    free(text);
}
