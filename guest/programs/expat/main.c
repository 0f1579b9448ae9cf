#include "driver.h"
#include <expat.h>

static uint32_t elements, characters, attributes;

static void XMLCALL start(void *data, const XML_Char *name, const XML_Char **attribute) {
    (void)data;
    elements += (uint32_t)strlen(name);
    for (; *attribute; attribute += 2) attributes += (uint32_t)(strlen(attribute[0]) + 3 * strlen(attribute[1]));
}

static void XMLCALL end(void *data, const XML_Char *name) { (void)data, (void)name; }

static void XMLCALL text(void *data, const XML_Char *bytes, int size) {
    (void)data;
    for (int i = 0; i < size; i++) characters += (unsigned char)bytes[i];
}

void program(void) {
    size_t size = 1 << 20, at = 0;
    char *document = need_memory(size + 512), words[64];
    at += (size_t)sprintf(document, "<?xml version='1.0'?>\n<list xmlns='urn:list' xmlns:x='urn:other'>\n");
    for (unsigned i = 0; at < size; i++) {
        make_text(words, 40 + next_random() % 20);
        words[40] = 0;
        at += (size_t)sprintf(document + at, "<x:item id='i%u' kind=\"%c&amp;%u\"><name>%s</name>%s<price>%u.%02u</price></x:item>\n",
                              i, 'a' + (char)(i % 26), i * 7, words, i % 5 ? "" : "<!-- a comment --><![CDATA[<raw>&]]>",
                              next_random() % 1000, i % 100);
    }
    at += (size_t)sprintf(document + at, "</list>\n");
    for (int again = 0; again < 8; again++) {
        XML_Parser parser = again & 1 ? XML_ParserCreateNS(NULL, '|') : XML_ParserCreate(NULL);
        need(parser != NULL, "a parser");
        need(XML_SetHashSalt(parser, 4711), "salt");
        XML_SetElementHandler(parser, start, end);
        XML_SetCharacterDataHandler(parser, text);
        for (size_t from = 0; from < at; from += 65536) {
            size_t part = at - from < 65536 ? at - from : 65536;
            need(XML_Parse(parser, document + from, (int)part, from + part == at) == XML_STATUS_OK, "XML");
        }
        XML_ParserFree(parser);
    }
    fold_number(elements), fold_number(characters), fold_number(attributes);
}
