#include "driver.h"
#include <kiss_fft.h>
#include <kiss_fftnd.h>
#include <kiss_fftr.h>
#include <math.h>

enum { MOST = 4096 };

void program(void) {
    static const int lengths[] = {1024, 1000, 2048, 4096, 720};
    kiss_fft_cpx *in = need_memory(MOST * sizeof *in), *out = need_memory(MOST * sizeof *out);
    for (int kind = 0; kind < 5; kind++) {
        int n = lengths[kind];
        kiss_fft_cfg there = kiss_fft_alloc(n, 0, NULL, NULL), back = kiss_fft_alloc(n, 1, NULL, NULL);
        for (int i = 0; i < n; i++) in[i].r = (float)(next_random() % 2000) / 1000 - 1, in[i].i = (float)(i % 17) / 17;
        for (int again = 0; again < 60; again++) {
            kiss_fft(there, in, out);
            kiss_fft(back, out, in);
            for (int i = 0; i < n; i++) in[i].r /= (float)n, in[i].i /= (float)n;
        }
        fold_bits(in, (size_t)n * sizeof *in);
        double sum = 0;
        for (int i = 0; i < n; i++) sum += in[i].r * (i % 5) + in[i].i;
        fold_number((uint64_t)(int64_t)llround(sum * 50));
        kiss_fft_free(there), kiss_fft_free(back);
    }
    int sizes[2] = {64, 64};
    kiss_fftnd_cfg plane = kiss_fftnd_alloc(sizes, 2, 0, NULL, NULL);
    for (int i = 0; i < MOST; i++) in[i].r = (float)(i % 64) / 64, in[i].i = 0;
    for (int again = 0; again < 30; again++) kiss_fftnd(plane, in, out);
    fold_bits(out, MOST * sizeof *out);
    fold_number((uint64_t)(int64_t)llround((double)out[0].r));
    kiss_fft_free(plane);
}
