// Copies out of the EDRAM ("resolves").
#pragma once
#include "scene.h"

enum { COPY_RAW, COPY_CONVERT };
enum { CLEAR_COLOR = 1, CLEAR_DEPTH = 2 };
enum { SOURCE_DEPTH = 4 };
// Sample selections: one of four, or the mean of several.
enum { SAMPLE_0, SAMPLE_1, SAMPLE_2, SAMPLE_3, SAMPLES_01, SAMPLES_23, SAMPLES_0123 };

typedef struct {
    uint32_t source; // a colour target's number, or SOURCE_DEPTH
    uint32_t samples, command, clears;
    uint32_t format, number, endian;
    int32_t exponent;
    uint32_t swap;  // red and blue are exchanged
    uint32_t array; // into a slice of a 3D texture
    uint32_t slice;
    uint32_t to, pitch, height;
    float x0, y0, x1, y1; // what is copied
} Copy;

// Everything of the first colour target, as 8_8_8_8 in the CPU's byte order; `to` is still missing.
#define COPY_OF_COLOR                                                                                          \
    {.command = COPY_CONVERT, .format = FORMAT_8_8_8_8, .endian = ENDIAN_8IN32, .pitch = SIDE, .height = SIDE, \
     .x1 = SIDE, .y1 = SIDE}

void copy(Scene *s, const Copy *what);
