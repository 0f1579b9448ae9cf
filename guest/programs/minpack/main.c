#include "driver.h"
#include <cminpack.h>
#include <math.h>

enum { POINTS = 60, PEAKS = 3, UNKNOWN = 4 * PEAKS, EQUATIONS = 30 };
static double at[POINTS], seen[POINTS];

static double curve(const double *x, double t) {
    double sum = 0;
    for (int i = 0; i < PEAKS; i++, x += 4) sum += x[0] * exp(-(t - x[1]) * (t - x[1]) / (2 * x[2] * x[2])) + x[3] * t;
    return sum;
}

static int distance(void *data, int m, int n, const double *x, double *f, int flag) {
    (void)data, (void)n, (void)flag;
    for (int i = 0; i < m; i++) f[i] = curve(x, at[i]) - seen[i];
    return 0;
}

// A tridiagonal system with a cubic term.
static int system_of(void *data, int n, const double *x, double *f, int flag) {
    (void)data, (void)flag;
    for (int i = 0; i < n; i++) f[i] = (3 - 2 * x[i]) * x[i] - (i ? x[i - 1] : 0) - (i + 1 < n ? 2 * x[i + 1] : 0) + 1 + 0.01 * x[i] * x[i] * x[i];
    return 0;
}

void program(void) {
    static const double right[UNKNOWN] = {3, 1.2, 0.3, 0.02, 2, 3.1, 0.5, 0.01, 4, 4.6, 0.25, 0.03};
    double x[UNKNOWN], f[POINTS], jacobian[POINTS * UNKNOWN], scale[UNKNOWN], qtf[UNKNOWN], w1[UNKNOWN], w2[UNKNOWN], w3[UNKNOWN], w4[POINTS];
    int pivots[UNKNOWN], calls;
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < POINTS; i++) at[i] = 0.1 * i, seen[i] = curve(right, at[i]) + (int)(next_random() % 2001 - 1000) * 1e-5;
        for (int i = 0; i < UNKNOWN; i++) x[i] = right[i] * (1.02 + 0.01 * (i % 3));
        int info = lmdif(distance, NULL, POINTS, UNKNOWN, x, f, 1e-10, 1e-10, 0, 2000, 0, scale, 1, 100, 0, &calls, jacobian, POINTS, pivots, qtf, w1, w2, w3, w4);
        need(info > 0, "a solution");
        fold_bits(x, sizeof x);
        // The slopes of the three lines can't be told apart; the peaks can.
        for (int i = 0; i < UNKNOWN; i++)
            if (i % 4 != 3) fold_number((uint64_t)llround(x[i] * 100));
        double y[EQUATIONS], g[EQUATIONS], work[EQUATIONS * (3 * EQUATIONS + 13) / 2 + 1];
        for (int i = 0; i < EQUATIONS; i++) y[i] = -1 + 0.01 * round;
        need(hybrd1(system_of, NULL, EQUATIONS, y, g, 1e-10, work, sizeof work / sizeof *work) == 1, "a root");
        fold_bits(y, sizeof y);
        for (int i = 0; i < EQUATIONS; i++) fold_number((uint64_t)llround(y[i] * 1e6));
    }
}
