#include "driver.h"
#include <mbedtls/aes.h>
#include <mbedtls/aria.h>
#include <mbedtls/bignum.h>
#include <mbedtls/camellia.h>
#include <mbedtls/chacha20.h>
#include <mbedtls/des.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md5.h>
#include <mbedtls/poly1305.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

enum { SIZE = 600000 / 16 * 16 };

static void ciphers(uint8_t *data) {
    uint8_t key[32], iv[16] = {0};
    for (int i = 0; i < 32; i++) key[i] = (uint8_t)next_random();
    mbedtls_aes_context aes;
    mbedtls_aes_init(&aes);
    need(!mbedtls_aes_setkey_enc(&aes, key, 256), "AES key");
    need(!mbedtls_aes_crypt_cbc(&aes, MBEDTLS_AES_ENCRYPT, SIZE, iv, data, data), "AES");
    need(!mbedtls_aes_setkey_dec(&aes, key, 128), "AES key");
    need(!mbedtls_aes_crypt_cbc(&aes, MBEDTLS_AES_DECRYPT, SIZE, iv, data, data), "AES");
    fold(data, 4096);
    mbedtls_camellia_context camellia;
    mbedtls_camellia_init(&camellia);
    need(!mbedtls_camellia_setkey_enc(&camellia, key, 192), "Camellia key");
    need(!mbedtls_camellia_crypt_cbc(&camellia, MBEDTLS_CAMELLIA_ENCRYPT, SIZE, iv, data, data), "Camellia");
    mbedtls_aria_context aria;
    mbedtls_aria_init(&aria);
    need(!mbedtls_aria_setkey_enc(&aria, key, 128), "ARIA key");
    need(!mbedtls_aria_crypt_cbc(&aria, MBEDTLS_ARIA_ENCRYPT, SIZE, iv, data, data), "ARIA");
    mbedtls_des3_context des;
    mbedtls_des3_init(&des);
    need(!mbedtls_des3_set3key_enc(&des, key), "DES key");
    need(!mbedtls_des3_crypt_cbc(&des, MBEDTLS_DES_ENCRYPT, SIZE, iv, data, data), "DES");
    need(!mbedtls_chacha20_crypt(key, iv, 1, SIZE, data, data), "ChaCha20");
    fold(data, 4096);
}

static void hashes(const uint8_t *data) {
    uint8_t digest[64];
    for (int again = 0; again < 2; again++) {
        need(!mbedtls_md5_ret(data, SIZE, digest), "MD5");
        fold(digest, 16);
        need(!mbedtls_sha1_ret(data, SIZE, digest), "SHA-1");
        fold(digest, 20);
        need(!mbedtls_sha256_ret(data, SIZE, digest, 0), "SHA-256");
        fold(digest, 32);
        need(!mbedtls_sha512_ret(data, SIZE, digest, 0), "SHA-512");
        fold(digest, 64);
        need(!mbedtls_poly1305_mac(data, data, SIZE, digest), "Poly1305");
        fold(digest, 16);
    }
}

static int random_bytes(void *context, unsigned char *to, size_t size) {
    (void)context;
    while (size--) *to++ = (unsigned char)next_random();
    return 0;
}

static void numbers(void) {
    uint8_t bytes[96];
    mbedtls_mpi base, exponent, modulus, result;
    mbedtls_mpi_init(&base), mbedtls_mpi_init(&exponent), mbedtls_mpi_init(&modulus), mbedtls_mpi_init(&result);
    need(!mbedtls_mpi_fill_random(&base, 95, random_bytes, NULL), "a number");
    need(!mbedtls_mpi_fill_random(&exponent, 64, random_bytes, NULL), "a number");
    need(!mbedtls_mpi_fill_random(&modulus, 96, random_bytes, NULL), "a number");
    need(!mbedtls_mpi_set_bit(&modulus, 0, 1) && !mbedtls_mpi_set_bit(&modulus, 767, 1), "bits");
    for (int again = 0; again < 6; again++) {
        need(!mbedtls_mpi_exp_mod(&result, &base, &exponent, &modulus, NULL), "power");
        need(!mbedtls_mpi_copy(&base, &result), "copy");
    }
    need(!mbedtls_mpi_write_binary(&result, bytes, sizeof bytes), "bytes");
    fold(bytes, sizeof bytes);

    mbedtls_ecp_group group;
    mbedtls_ecp_point point;
    mbedtls_mpi factor;
    mbedtls_ecp_group_init(&group), mbedtls_ecp_point_init(&point), mbedtls_mpi_init(&factor);
    need(!mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1), "curve");
    for (int again = 0; again < 10; again++) {
        need(!mbedtls_mpi_fill_random(&factor, 31, random_bytes, NULL), "a number");
        need(!mbedtls_ecp_mul(&group, &point, &factor, &group.G, random_bytes, NULL), "a multiple");
        need(!mbedtls_mpi_write_binary(&point.X, bytes, 32), "bytes");
        fold(bytes, 32);
    }
}

void program(void) {
    uint8_t *data = need_memory(SIZE);
    make_text((char *)data, SIZE);
    ciphers(data);
    hashes(data);
    numbers();
}
