#include "driver.h"
#include <qrencode.h>

void program(void) {
    char text[1200];
    for (int round = 0; round < 24; round++) {
        size_t length = (size_t)(40 + round * 45);
        (round & 1 ? make_records : make_text)(text, length);
        text[length] = 0;
        QRcode *code = QRcode_encodeString(text, 0, (QRecLevel)(round % 4), QR_MODE_8, round % 3 != 0);
        need(code != NULL, "a symbol");
        fold_number((uint64_t)code->width);
        fold(code->data, (size_t)(code->width * code->width));
        QRcode_free(code);
    }
}
