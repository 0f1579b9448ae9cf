// A radix-2 FFT in single precision and an n-body step in double precision.
#include "suite.h"

enum { POINTS = 1024 };

static float real[POINTS], imaginary[POINTS], cosines[POINTS / 2], sines[POINTS / 2];

// Twiddle factors by repeated rotation in double precision: no library, same bits everywhere.
static void fill_twiddles(void) {
    const double cosine_step = 0.99998117528260110909, sine_step = 0.00613588464915447536;
    double c = 1, s = 0;
    for (int i = 0; i < POINTS / 2; i++) {
        cosines[i] = (float)c;
        sines[i] = (float)-s;
        double next = c * cosine_step - s * sine_step;
        s = s * cosine_step + c * sine_step;
        c = next;
    }
}

__attribute__((noinline)) static void transform(float *re, float *im) {
    for (uint32_t i = 1, j = 0; i < POINTS; i++) {
        uint32_t bit = POINTS >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            float t = re[i];
            re[i] = re[j], re[j] = t;
            t = im[i];
            im[i] = im[j], im[j] = t;
        }
    }
    for (uint32_t length = 2; length <= POINTS; length <<= 1) {
        uint32_t half = length >> 1, stride = POINTS / length;
        for (uint32_t start = 0; start < POINTS; start += length)
            for (uint32_t k = 0; k < half; k++) {
                float c = cosines[k * stride], s = sines[k * stride];
                uint32_t low = start + k, high = low + half;
                float x = re[high] * c - im[high] * s, y = re[high] * s + im[high] * c;
                re[high] = re[low] - x, im[high] = im[low] - y;
                re[low] += x, im[low] += y;
            }
    }
}

uint32_t kernel_fft(uint32_t rounds) {
    uint32_t sum = 0;
    fill_twiddles();
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < POINTS; i++) real[i] = (float)(i * (7 + round) & 63), imaginary[i] = 0;
        transform(real, imaginary);
        sum = suite_fold(sum, suite_float_bits(real[round & (POINTS - 1)]));
    }
    for (uint32_t i = 0; i < POINTS; i++)
        sum = suite_fold(suite_fold(sum, suite_float_bits(real[i])), suite_float_bits(imaginary[i]));
    return sum;
}

struct body {
    double x, y, z, vx, vy, vz, mass;
};

enum { BODIES = 5 };
static struct body bodies[BODIES];

__attribute__((noinline)) static void step(struct body *b, double dt) {
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            double dx = b[i].x - b[j].x, dy = b[i].y - b[j].y, dz = b[i].z - b[j].z;
            double square = dx * dx + dy * dy + dz * dz;
            double magnitude = dt / (square * __builtin_sqrt(square));
            b[i].vx -= dx * b[j].mass * magnitude;
            b[i].vy -= dy * b[j].mass * magnitude;
            b[i].vz -= dz * b[j].mass * magnitude;
            b[j].vx += dx * b[i].mass * magnitude;
            b[j].vy += dy * b[i].mass * magnitude;
            b[j].vz += dz * b[i].mass * magnitude;
        }
    for (int i = 0; i < BODIES; i++) {
        b[i].x += dt * b[i].vx;
        b[i].y += dt * b[i].vy;
        b[i].z += dt * b[i].vz;
    }
}

static uint32_t double_fold(uint32_t sum, double value) {
    union { double d; uint64_t u; } bits = {value};
    return suite_fold(suite_fold(sum, (uint32_t)(bits.u >> 32)), (uint32_t)bits.u);
}

uint32_t kernel_nbody(uint32_t rounds) {
    for (int i = 0; i < BODIES; i++)
        bodies[i] = (struct body){i * 1.7, i * i * 0.3, 1.0 / (i + 1), 0, 0, 0, 1.0 / (i + 2)};
    for (uint32_t round = 0; round < rounds; round++) step(bodies, 0.001);
    uint32_t sum = 0;
    for (int i = 0; i < BODIES; i++) sum = double_fold(double_fold(sum, bodies[i].x), bodies[i].vz);
    return sum;
}
