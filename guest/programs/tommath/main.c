#include "driver.h"
#include <tommath.h>

static void ok(mp_err error) { need(error == MP_OKAY, mp_error_to_string(error)); }

static void fold_digits(const mp_int *number, int base) {
    size_t size = (size_t)mp_count_bits(number) + 16, written;
    char *text = need_memory(size);
    ok(mp_to_radix(number, text, size, &written, base));
    fold(text, strlen(text));
    free(text);
}

static mp_err random_bytes(void *to, size_t size) {
    for (uint8_t *bytes = to; size--;) *bytes++ = (uint8_t)next_random();
    return MP_OKAY;
}

void program(void) {
    mp_int a, b, c, d;
    mp_rand_source(random_bytes);
    ok(mp_init_multi(&a, &b, &c, &d, NULL));
    mp_set(&a, 1);
    for (mp_digit i = 2; i <= 1500; i++) ok(mp_mul_d(&a, i, &a));
    fold_digits(&a, 10);
    // The golden ratio's Fibonacci numbers, their quotient and root.
    mp_set(&a, 0), mp_set(&b, 1);
    for (int i = 0; i < 8000; i++) {
        ok(mp_add(&a, &b, &a));
        mp_exch(&a, &b);
    }
    fold_digits(&b, 16);
    for (int i = 0; i < 6; i++) {
        ok(mp_sqr(&b, &c));
        ok(mp_mul(&c, &a, &c));
        ok(mp_div(&c, &b, &d, &a));
        fold_digits(&d, 36);
        ok(mp_sub_d(&b, 12345, &a));
    }
    ok(mp_sqrt(&c, &d));
    fold_digits(&d, 10);
    // A Mersenne prime is probably prime; its neighbours are not.
    ok(mp_2expt(&a, 521));
    for (mp_digit i = 1; i <= 9; i += 2) {
        mp_bool prime;
        ok(mp_sub_d(&a, i, &b));
        ok(mp_prime_is_prime(&b, 6, &prime));
        fold_number(prime == MP_YES);
    }
    ok(mp_2expt(&a, 1279));
    ok(mp_sub_d(&a, 1, &a));
    mp_set(&b, 3);
    ok(mp_sub_d(&a, 2, &c));
    ok(mp_exptmod(&b, &c, &a, &d));
    fold_digits(&d, 10);
    mp_clear_multi(&a, &b, &c, &d, NULL);
}
