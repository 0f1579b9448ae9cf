// Quicksort with insertion sort for short runs: data-dependent branches.
#include "suite.h"

enum { COUNT = 20000, SHORT_RUN = 12 };

static void insertion_sort(int32_t *a, int low, int high) {
    for (int i = low + 1; i <= high; i++) {
        int32_t value = a[i];
        int j = i - 1;
        for (; j >= low && a[j] > value; j--) a[j + 1] = a[j];
        a[j + 1] = value;
    }
}

static void sort(int32_t *a, int low, int high) {
    while (low < high) {
        if (high - low < SHORT_RUN) {
            insertion_sort(a, low, high);
            return;
        }
        int32_t pivot = a[(low + high) >> 1];
        int i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot) i++;
            while (a[j] > pivot) j--;
            if (i <= j) {
                int32_t t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        // Recurse into the shorter side so that the stack stays shallow.
        if (j - low < high - i) {
            sort(a, low, j);
            low = i;
        } else {
            sort(a, i, high);
            high = j;
        }
    }
}

uint32_t kernel_quicksort(uint32_t rounds) {
    int32_t *values = (int32_t *)suite_buffer_a;
    uint32_t sum = 0;
    suite_seed(77);
    for (uint32_t round = 0; round < rounds; round++) {
        for (int i = 0; i < COUNT; i++) values[i] = (int32_t)suite_random();
        sort(values, 0, COUNT - 1);
        for (int i = 0; i < COUNT; i += 97) sum = suite_fold(sum, (uint32_t)values[i]);
    }
    return sum;
}
