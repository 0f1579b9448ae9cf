#include "driver.h"
#include <yaml.h>

static size_t make_document(char *to, size_t size) {
    size_t at = 0;
    char words[64];
    for (unsigned i = 0; at + 1000 < size; i++) {
        make_text(words, 60);
        for (int c = 0; c < 60; c++)
            if (words[c] == '\n') words[c] = ' ';
        words[60] = 0;
        at += (size_t)sprintf(to + at, "- &a%u\n  name: \"%.20s \\u00e9\"\n  size: %u\n  tags: [%.7s, 'b c', ~, {x: %u, ? y : z}]\n", i, words, i * 7,
                              words + 20, i);
        at += (size_t)sprintf(to + at, "  text: |\n    x%.15s\n      deeper\n    end\n  folded: >-\n    x%.12s\n    more\n  same: *a%u # comment\n", words + 30,
                              words + 45, i);
    }
    return at;
}

static int append(void *data, unsigned char *bytes, size_t size) {
    *(size_t *)data += size;
    fold(bytes, size);
    return 1;
}

void program(void) {
    size_t size = 150000, written = 0;
    char *text = need_memory(size);
    size = make_document(text, size);
    yaml_parser_t parser;
    yaml_event_t event;
    uint32_t kinds = 0, scalars = 0;
    need(yaml_parser_initialize(&parser), "a parser");
    yaml_parser_set_input_string(&parser, (unsigned char *)text, size);
    for (int type = YAML_NO_EVENT; type != YAML_STREAM_END_EVENT; yaml_event_delete(&event)) {
        need(yaml_parser_parse(&parser, &event), "events");
        type = event.type;
        kinds = kinds * 31 + (uint32_t)type;
        if (type == YAML_SCALAR_EVENT) scalars += (uint32_t)event.data.scalar.length + event.data.scalar.value[0];
    }
    yaml_parser_delete(&parser);
    yaml_document_t document;
    yaml_emitter_t emitter;
    need(yaml_parser_initialize(&parser) && yaml_emitter_initialize(&emitter), "a parser and a writer");
    yaml_parser_set_input_string(&parser, (unsigned char *)text, size);
    yaml_emitter_set_output(&emitter, append, &written);
    yaml_emitter_set_unicode(&emitter, 1);
    need(yaml_parser_load(&parser, &document), "a tree");
    need(yaml_emitter_open(&emitter) && yaml_emitter_dump(&emitter, &document) && yaml_emitter_close(&emitter), "writing");
    yaml_emitter_delete(&emitter), yaml_parser_delete(&parser);
    fold_number(kinds), fold_number(scalars), fold_number(written);
    free(text);
}
