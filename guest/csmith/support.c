// Functions of a csmith program in place of a C library, equal on both sides of the comparison:
// only how text leaves and how the program ends differ.
//
// -DREFERENCE builds the side that runs under qemu-ppc, with Linux system calls; without it the
// program is a plain-ELF title. The program itself is compiled with -Dmain=csmith_main, so that
// this main can ask it for the checksum of every variable, not just of all together.
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int csmith_main(int argc, char *argv[]);

static void write_text(const char *text, uint32_t length) {
#ifdef REFERENCE
    register uint32_t call __asm__("r0") = 4;  // write
    register uint32_t first __asm__("r3") = 1; // standard output
    register const char *address __asm__("r4") = text;
    register uint32_t size __asm__("r5") = length;
    __asm__ volatile("sc"
                     : "+r"(call), "+r"(first), "+r"(address), "+r"(size)
                     :
                     : "memory", "cr0", "r6", "r7", "r8", "r9", "r10", "r11", "r12");
#else
    register uint32_t call __asm__("r0") = 0;
    register const char *address __asm__("r3") = text;
    register uint32_t size __asm__("r4") = length;
    __asm__ volatile("sc" : "+r"(address) : "r"(call), "r"(size) : "memory");
#endif
}

// Text collects here and leaves in few system calls: thousands of lines come from large arrays.
static char pending[4096];
static uint32_t pending_length;

static void flush(void) {
    write_text(pending, pending_length);
    pending_length = 0;
}

static void put(char c) {
    if (pending_length == sizeof pending) flush();
    pending[pending_length++] = c;
}

static void put_number(uint32_t value, uint32_t base) {
    char digits[10];
    uint32_t count = 0;
    do digits[count++] = "0123456789ABCDEF"[value % base];
    while (value /= base);
    while (count) put(digits[--count]);
}

int printf(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        if (*++format == 'l') format++; // long is as wide as int here
        switch (*format) {
            case 's':
                for (const char *text = va_arg(arguments, const char *); *text; text++) put(*text);
                break;
            case 'X': put_number(va_arg(arguments, uint32_t), 16); break;
            case 'd': {
                int32_t value = va_arg(arguments, int32_t);
                if (value < 0) put('-');
                put_number(value < 0 ? 0u - (uint32_t)value : (uint32_t)value, 10);
                break;
            }
            default: __builtin_trap(); // a conversion that csmith's headers don't use today
        }
    }
    va_end(arguments);
    return 0;
}

int strcmp(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

int main(void) {
    char *argv[] = {"csmith", "1"};
    int code = csmith_main(2, argv);
    flush();
    return code;
}
