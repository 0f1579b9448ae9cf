#include "driver.h"
#include <cmark.h>

// A document of headings, paragraphs with emphasis, links and code, lists in lists,
// quotes and tables of references.
static size_t make_document(char *to, size_t size) {
    size_t at = 0;
    char words[96];
    for (unsigned i = 0; at + 1200 < size; i++) {
        at += (size_t)sprintf(to + at, "%.*s Part %u\n\n", (int)(1 + i % 5), "#####", i);
        for (int line = 0; line < 4; line++) {
            make_text(words, 90);
            for (int c = 0; c < 90; c++)
                if (words[c] == '\n') words[c] = ' ';
            words[90] = 0;
            at += (size_t)sprintf(to + at, "%.20s *%.9s* **%.12s** `%.8s` [%.6s][r%u] <http://example.org/%u> %.15s\\* &amp; &copy;\n",
                                  words, words + 20, words + 30, words + 45, words + 55, i % 40, i, words + 65);
        }
        at += (size_t)sprintf(to + at, "\n> quoted %u\n> > twice\n\n- one\n  1. inner %u\n     * deeper ***x***\n- two\n\n", i, i * 3);
        at += (size_t)sprintf(to + at, "```c\nint x = %u;\n```\n\n<div>raw</div>\n\n[r%u]: /url/%u 'Title %u'\n\n", i, i % 40, i, i);
    }
    return at;
}

void program(void) {
    size_t size = 300000;
    char *text = need_memory(size);
    size = make_document(text, size);
    static const int options[] = {CMARK_OPT_DEFAULT, CMARK_OPT_SMART | CMARK_OPT_UNSAFE};
    for (int i = 0; i < 2; i++) {
        cmark_node *document = cmark_parse_document(text, size, options[i]);
        need(document != NULL, "a document");
        char *html = cmark_render_html(document, options[i]), *xml = cmark_render_xml(document, options[i]);
        char *same = cmark_render_commonmark(document, options[i], 72), *page = cmark_render_man(document, options[i], 72);
        char *all[] = {html, xml, same, page};
        for (int k = 0; k < 4; k++) {
            need(all[k] != NULL, "text");
            fold(all[k], strlen(all[k]));
            free(all[k]);
        }
        cmark_node_free(document);
    }
    free(text);
}
