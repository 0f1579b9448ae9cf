// Common code of the programs' drivers: generated input, equal on every
// machine, and a sum of the output.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The program: what every folder's main.c has. The answer is printed after it.
void program(void);

// Adds to the answer. Numbers go through fold_number, whose bytes have one order everywhere.
void fold(const void *bytes, size_t size);
void fold_number(uint64_t value);
// Adds to the exact answer, which is the guest code's: the last bits of what a mathematical
// library computes, and what follows from the size and order of bytes, is the same under
// every emulator, but not natively.
void fold_bits(const void *bytes, size_t size);

// The next random number (xorshift, from a fixed seed).
uint32_t next_random(void);
// English-like text, lines of records, a picture of three bytes a pixel, and sound.
void make_text(char *to, size_t size);
void make_records(char *to, size_t size);
void make_picture(uint8_t *rgb, uint32_t width, uint32_t height);
void make_sound(int16_t *to, size_t samples);

// Memory that must be there, and conditions that must hold.
void *need_memory(size_t size);
void need(int condition, const char *what);
