// Standard output and standard error: what the launcher shows of a title
// (DbgPrint). A console has one such place.
#include "system.h"

enum { AT_ONCE = 512 };

void write_text(const char *text, uint32_t length) {
    while (length) {
        uint32_t part = 0;
        while (part < length && part < AT_ONCE && text[part]) part++;
        if (part) {
            DbgPrint("%.*s", (int)part, text);
        } else {
            DbgPrint("%c", 0);
            part = 1;
        }
        text += part;
        length -= part;
    }
}
