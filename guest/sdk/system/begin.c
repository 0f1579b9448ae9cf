// From the title's entry to its main: the words of the command line, and what the C library
// wants to be told at its start.
//
// The words are taken apart as Microsoft's C library does. The first is the title's
// name. Those after it of the form NAME=VALUE are the environment, as with env(1), up to
// the first that is not, or `--`.
#include <elf.h>
#include <string.h>
#include "system.h"

enum { WORDS = 128, AUXILIARY = 12 };

int main(int argc, char **argv, char **environment);
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*linker)(void));
void thread_local_sizes(uint32_t sizes[2]);
extern const char __tdata_start[] __attribute__((weak, visibility("hidden")));

static char words[1024];
// As Linux leaves it on the stack: count, arguments, environment, auxiliary vector.
static char *block[2 * WORDS + 2 + AUXILIARY * 2];
static Elf32_Phdr thread_locals = {.p_type = PT_TLS, .p_align = 16};

// Takes the next word off `line`; a null pointer at its end.
static char *next_word(const char **line, char **to) {
    const char *at = *line;
    char *word = *to, *out = word;
    int quoted = 0;
    while (*at == ' ' || *at == '\t') at++;
    if (!*at) return 0;
    for (; *at && (quoted || (*at != ' ' && *at != '\t')); at++) {
        size_t slashes = strspn(at, "\\");
        if (slashes && at[slashes] == '"') {
            // Half of them stand for themselves, and an odd one makes the
            // quotation mark stand for itself.
            memset(out, '\\', slashes / 2);
            out += slashes / 2;
            at += slashes;
            if (slashes % 2) {
                *out++ = '"';
                continue;
            }
            quoted = !quoted;
        } else if (slashes) {
            memset(out, '\\', slashes);
            out += slashes;
            at += slashes - 1;
        } else if (*at == '"') {
            quoted = !quoted;
        } else {
            *out++ = *at;
        }
    }
    *out++ = 0;
    *line = at;
    *to = out;
    return word;
}

static int is_setting(const char *word) {
    const char *sign = strchr(word, '=');
    if (!sign || sign == word) return 0;
    for (const char *c = word; c < sign; c++)
        if (*c != '_' && (unsigned)(*c | 32) - 'a' > 25 && (c == word || (unsigned)*c - '0' > 9)) return 0;
    return 1;
}

_Noreturn void begin(void) {
    begin_threads();
    begin_waiting();
    begin_descriptors();
    begin_redirection();
    char *settings[WORDS], *out = words, *word;
    int count = 0, set = 0, over = 0;
    const char *line = ExLoadedCommandLine;
    char **next = block;
    while (count + set < WORDS - 1 && (word = next_word(&line, &out))) {
        if (count && !over && is_setting(word)) {
            settings[set++] = word;
            continue;
        }
        if (count && !over && !strcmp(word, "--")) {
            over = 1;
            continue;
        }
        over = count > 0;
        *next++ = word;
        count++;
    }
    if (!count) {
        *next++ = "title";
        count = 1;
    }
    *next++ = 0;
    for (int i = 0; i < set; i++) {
        if (!strncmp(settings[i], "PWD=", 4)) set_folder(settings[i] + 4);
        *next++ = settings[i];
    }
    *next++ = 0;
    uint32_t sizes[2];
    thread_local_sizes(sizes);
    thread_locals.p_vaddr = (uint32_t)__tdata_start;
    thread_locals.p_filesz = sizes[0];
    thread_locals.p_memsz = sizes[1];
    uint32_t auxiliary[] = {AT_PAGESZ, PAGE,         AT_PHDR, (uint32_t)&thread_locals, AT_PHENT, sizeof thread_locals,
                            AT_PHNUM,  sizes[1] > 0, AT_NULL, 0};
    memcpy(next, auxiliary, sizeof auxiliary);
    __libc_start_main(main, count, block, 0, 0, 0);
    end_title(0);
}
