// Digests and ciphers with published answers.
#include "console.h"

static uint8_t out[64], state[0x180], feed[16];

static uint32_t word(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

static void digests(void) {
    XeCryptSha("a", 1, "bc", 2, 0, 0, out, 20);
    EXPECT(word(out), 0xA9993E36);
    EXPECT(word(out + 16), 0x9CD0D89D);
    XeCryptMd5("abc", 3, 0, 0, 0, 0, out, 16);
    EXPECT(word(out), 0x90015098);
    XeCryptSha256Init(state);
    XeCryptSha256Update(state, "ab", 2);
    XeCryptSha256Update(state, "c", 1);
    XeCryptSha256Final(state, out, 32);
    EXPECT(word(out), 0xBA7816BF);
    EXPECT(word(out + 28), 0xF20015AD);
    XeCryptSha512Init(state);
    XeCryptSha512Update(state, "abc", 3);
    XeCryptSha512Final(state, out, 64);
    EXPECT(word(out), 0xDDAF35A1);
    EXPECT(word(out + 60), 0xA54CA49F);
}

static void codes(void) {
    static uint8_t states[0xB0];
    XeCryptHmacShaInit(states, "Jefe", 4);
    XeCryptHmacShaUpdate(states, "what do ya want for nothing?", 28);
    XeCryptHmacShaFinal(states, out, 20);
    EXPECT(word(out), 0xEFFCDF6A);
    EXPECT(word(out + 16), 0x259A7C79);
}

static void ciphers(void) {
    static uint8_t key[24], block[16];
    for (int i = 0; i < 16; i++) key[i] = i, block[i] = i * 0x11;
    XeCryptAesKey(state, key);
    XeCryptAesEcb(state, block, out, 1);
    EXPECT(word(out), 0x69C4E0D8);
    EXPECT(word(out + 12), 0x70B4C55A);
    XeCryptAesCbc(state, out, 16, out, feed, 0);
    EXPECT(memcmp(out, block, 16), 0);
    static const uint8_t keys[24] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x23, 0x45, 0x67, 0x89,
                                     0xAB, 0xCD, 0xEF, 0x01, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x01, 0x23};
    XeCryptDes3Key(state, keys);
    XeCryptDes3Ecb(state, "The qufc", out, 1);
    EXPECT(word(out), 0xA826FD8C);
    EXPECT(word(out + 4), 0xE53B855F);
    memcpy(out, "Plaintext", 9);
    XeCryptRc4("Key", 3, out, 9);
    EXPECT(word(out), 0xBBF316E8);
    EXPECT(word(out + 4), 0xD940AF0A);
}

static void a_key_of_rsa(void) {
    static const uint64_t key[9] = {1ull << 32 | 17, 0, 3233}, plain = 65;
    uint64_t secret = 0;
    EXPECT(XeCryptBnQwNeRsaPubCrypt(&plain, &secret, key), 1);
    EXPECT(secret, 2790);
    EXPECT(XeCryptBnQwNeCompare(&plain, &secret, 1), 0xFFFFFFFF);
}

SUBJECT(crypto, {"digests", digests}, {"codes", codes}, {"ciphers", ciphers}, {"a_key_of_rsa", a_key_of_rsa});
