// Common code of the console suite's libraries: declarations of their exports.
#pragma once
#include <stdint.h>

// Exports a function or variable by name and ordinal; the record is documented in crates/xenia-formats/src/pack/stub.rs.
#define EXPORT(ordinal, name)                                \
    __asm__(".pushsection .xenia.exports,\"\",@progbits\n"   \
            "7: .ascii \"" #name "\"\n"                      \
            ".space 24 - (. - 7b)\n"                         \
            ".short 0, " #ordinal "\n"                       \
            ".long " #name "\n"                              \
            ".popsection")

// Why the kernel calls a library's entry, and what that answers.
enum { GOES = 0, COMES = 1 };
enum { REFUSED = 0, ACCEPTED = 1 };
uint32_t library_entry(uint32_t handle, uint32_t reason, uint32_t reserved);
