#include "driver.h"
#include <pcre2.h>

static const char *const patterns[] = {
    "[a-z]+ing\\b", "(?i)the\\s+(\\w+)\\s+of", "\\b(\\w)\\w*\\1\\b", "(?:register|machine|console)s?",
    "\\d{4}-(0[1-9]|1[0-2])-\\d\\d", "([a-z]+)-([a-z]+)@(?:[a-z]+\\.)+example", "^(\\d+);.*;(\\d+\\.\\d\\d);",
    "(?<=;)\\w+ \\w+$", ".*?picture.{0,20}\\n", "(a|e|i|o|u)(?!\\1)[^aeiou\\s]{2,}",
};

void program(void) {
    size_t size = 200000;
    char *text = need_memory(2 * size);
    make_text(text, size);
    make_records(text + size, size);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        int error;
        PCRE2_SIZE at, found = 0, length = 0;
        uint32_t options = PCRE2_MULTILINE | (i & 1 ? PCRE2_UTF : 0);
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)patterns[i], PCRE2_ZERO_TERMINATED, options, &error, &at, NULL);
        need(code != NULL, patterns[i]);
        pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
        for (at = 0; pcre2_match(code, (PCRE2_SPTR)text, 2 * size, at, PCRE2_NO_UTF_CHECK, match, NULL) > 0;) {
            const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(match);
            found++, length += ends[1] - ends[0] + ends[0] % 7;
            at = ends[1] > ends[0] ? ends[1] : ends[1] + 1;
        }
        fold_number(found), fold_number(length);
        pcre2_match_data_free(match);
        pcre2_code_free(code);
    }
}
