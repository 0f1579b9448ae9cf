//! Tests of digests, ciphers and keys with published results, through guest memory.

use super::*;
use num_bigint::BigUint;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Bytes in the scratch memory.
trait Bytes {
    fn put(&self, offset: u32, bytes: &[u8]) -> u64;

    fn got(&self, at: u64, length: usize) -> Vec<u8>;
}

impl Bytes for Harness {
    fn put(&self, offset: u32, bytes: &[u8]) -> u64 {
        let at = self.scratch.offset(offset);
        self.memory().write_bytes(at, bytes).unwrap();
        u64::from(at.0)
    }

    fn got(&self, at: u64, length: usize) -> Vec<u8> {
        let mut found = vec![0; length];
        self.memory().read_bytes(GuestAddr(at as u32), &mut found).unwrap();
        found
    }
}

#[test]
fn digests_are_made_in_one_call_or_in_several() {
    let mut b = Harness::new();
    let text = b.put(0x100, b"abc");
    let state = b.put(0x200, &[0; 0x1A0]);
    let out = b.put(0x800, &[0; 64]);
    for ([name, init, update, last], digest) in [
        (
            ["XeCryptSha", "XeCryptShaInit", "XeCryptShaUpdate", "XeCryptShaFinal"],
            "a9993e364706816aba3e25717850c26c9cd0d89d",
        ),
        (
            ["XeCryptMd5", "XeCryptMd5Init", "XeCryptMd5Update", "XeCryptMd5Final"],
            "900150983cd24fb0d6963f7d28e17f72",
        ),
        (
            ["XeCryptSha256", "XeCryptSha256Init", "XeCryptSha256Update", "XeCryptSha256Final"],
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            ["XeCryptSha384", "XeCryptSha384Init", "XeCryptSha384Update", "XeCryptSha384Final"],
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            ["XeCryptSha512", "XeCryptSha512Init", "XeCryptSha512Update", "XeCryptSha512Final"],
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd\
             454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ] {
        let digest = bytes(digest);
        b.put(0x800, &[0xEE; 80]);
        b.kernel_call(name, &[text, 1, 0, 9, text + 1, 2, out, 80]);
        assert_eq!(b.got(out, digest.len()), digest, "{name}");
        assert_eq!(b.got(out + digest.len() as u64, 1), [0xEE], "{name}: no more than the digest");
        b.put(0x800, &[0xEE; 80]);
        b.kernel_call(init, &[state]);
        for part in [[text, 2], [text + 2, 1], [text, 0]] {
            b.kernel_call(update, &[state, part[0], part[1]]);
        }
        b.kernel_call(last, &[state, out, 5]);
        assert_eq!(b.got(out, 6), [&digest[..5], &[0xEE]].concat(), "{name}: as much as has room");
    }
    assert!(matches!(b.call(Library::xboxkrnl, "XeCryptSha", &[8, 4, 0, 0, 0, 0, out, 20]), Flow::Fault(_)));
}

#[test]
fn codes_are_made_and_compared() {
    let mut b = Harness::new();
    let key = b.put(0x100, b"Jefe");
    let text = b.put(0x140, b"what do ya want for nothing?");
    let state = b.put(0x200, &[0; 0x1A0]);
    let out = b.put(0x800, &[0; 64]);
    for ([name, init, update, last], digest) in [
        (
            ["XeCryptHmacSha", "XeCryptHmacShaInit", "XeCryptHmacShaUpdate", "XeCryptHmacShaFinal"],
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        ),
        (
            ["XeCryptHmacMd5", "XeCryptHmacMd5Init", "XeCryptHmacMd5Update", "XeCryptHmacMd5Final"],
            "750c783e6ab0b503eaa86e310a5db738",
        ),
    ] {
        let digest = bytes(digest);
        b.kernel_call(name, &[key, 4, text, 10, text + 10, 18, 0, 0, out, 20]);
        assert_eq!(b.got(out, digest.len()), digest, "{name}");
        b.kernel_call(init, &[state, key, 4]);
        b.kernel_call(update, &[state, text, 28]);
        b.put(0x800, &[0; 20]);
        b.kernel_call(last, &[state, out, 20]);
        assert_eq!(b.got(out, digest.len()), digest, "{name}");
    }
    let given = b.put(0x900, &bytes("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"));
    let verify = |b: &mut Harness, given, size| {
        b.kernel_call("XeCryptHmacShaVerify", &[key, 4, text, 28, 0, 0, 0, 0, given, size])
    };
    assert_eq!([verify(&mut b, given, 20), verify(&mut b, given, 8), verify(&mut b, given, 0)], [1, 1, 0]);
    assert_eq!(verify(&mut b, given + 1, 19), 0);
}

#[test]
fn ciphers_work_on_guest_memory() {
    let mut b = Harness::new();
    let state = b.put(0x200, &[0; 0x180]);
    let out = b.put(0x800, &[0; 64]);
    let feed = b.put(0x900, &[0; 16]);
    for ([name, ecb, cbc], key, plain, secret) in [
        (
            ["XeCryptAesKey", "XeCryptAesEcb", "XeCryptAesCbc"],
            "000102030405060708090a0b0c0d0e0f",
            "00112233445566778899aabbccddeeff",
            "69c4e0d86a7b0430d8cdb78070b4c55a",
        ),
        (
            ["XeCryptDesKey", "XeCryptDesEcb", "XeCryptDesCbc"],
            "133457799bbcdff1",
            "0123456789abcdef",
            "85e813540f0ab405",
        ),
        (
            ["XeCryptDes3Key", "XeCryptDes3Ecb", "XeCryptDes3Cbc"],
            "0123456789abcdef23456789abcdef01456789abcdef0123",
            "5468652071756663",
            "a826fd8ce53b855f",
        ),
    ] {
        let key = b.put(0x100, &bytes(key));
        let plain = bytes(plain);
        let secret = bytes(secret);
        let input = b.put(0x700, &plain);
        b.kernel_call(name, &[state, key]);
        b.kernel_call(ecb, &[state, input, out, 1]);
        assert_eq!(b.got(out, secret.len()), secret, "{name}");
        b.kernel_call(ecb, &[state, out, out, 0]);
        assert_eq!(b.got(out, plain.len()), plain, "{name}: where it is");
        // A chain with an initial vector of zeros begins with the plain block; an incomplete block
        // is left unchanged.
        b.put(0x900, &[0; 16]);
        b.put(0x800, &[0xEE; 40]);
        b.kernel_call(cbc, &[state, input, plain.len() as u64 + 3, out, feed, 1]);
        assert_eq!(b.got(out, secret.len()), secret, "{name}");
        assert_eq!(b.got(feed, secret.len()), secret, "{name}");
        assert_eq!(b.got(out + secret.len() as u64, 1), [0xEE]);
    }
    let key = b.put(0x100, b"Key");
    let text = b.put(0x700, b"Plaintext");
    b.kernel_call("XeCryptRc4", &[key, 3, text, 9]);
    assert_eq!(b.got(text, 9), bytes("bbf316e8d940af0ad3"));
    b.kernel_call("XeCryptRc4Key", &[state, key, 3]);
    b.kernel_call("XeCryptRc4Ecb", &[state, text, 4]);
    b.kernel_call("XeCryptRc4Ecb", &[state, text + 4, 5]);
    assert_eq!(b.got(text, 9), b"Plaintext");
    let input = b.put(0x700, &[0, 1, 2, 0xFE, 0xFF]);
    b.kernel_call("XeCryptDesParity", &[input, 5, out]);
    assert_eq!(b.got(out, 5), [1, 1, 2, 0xFE, 0xFE]);
}

#[test]
fn numbers_and_a_key_of_rsa() {
    let mut b = Harness::new();
    let words = |b: &Harness, offset: u32, words: &[u64]| {
        b.put(offset, &words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>())
    };
    let base = words(&b, 0x100, &[65, 0]);
    let out = b.put(0x800, &[0; 64]);
    let exponent = words(&b, 0x120, &[17, 0]);
    let modulus = words(&b, 0x140, &[3233, 0]);
    assert_eq!(b.kernel_call("XeCryptBnQwNeModExp", &[out, base, exponent, modulus, 2]), 1);
    assert_eq!(b.got(out, 16), [&2790_u64.to_be_bytes()[..], &[0; 8]].concat());
    assert_eq!(b.kernel_call("XeCryptBnQwNeModExp", &[out, base, exponent, modulus, 65]), 0, "too long");
    let none = words(&b, 0x160, &[0, 0]);
    assert_eq!(b.kernel_call("XeCryptBnQwNeModExp", &[out, base, exponent, none, 2]), 0);
    let key = words(&b, 0x200, &[0x2_0000_0011, 0, 3233, 0, 61, 53, 53, 49, 38]);
    assert_eq!(b.kernel_call("XeCryptBnQwNeRsaPubCrypt", &[base, out, key]), 1);
    assert_eq!(b.got(out, 8), 2790_u64.to_be_bytes());
    assert_eq!(b.kernel_call("XeCryptBnQwNeRsaPrvCrypt", &[out, out, key]), 1);
    assert_eq!(b.got(out, 8), 65_u64.to_be_bytes());
    let small = words(&b, 0x300, &[9, 1]);
    let large = words(&b, 0x320, &[1, 2]);
    let compare =
        |b: &mut Harness, one, other| b.kernel_call("XeCryptBnQwNeCompare", &[one, other, 2]) as i32;
    assert_eq!(
        [compare(&mut b, small, large), compare(&mut b, large, small), compare(&mut b, small, small)],
        [-1, 1, 0]
    );
    let from = words(&b, 0x400, &[0x0011_2233_4455_6677]);
    b.kernel_call("XeCryptBnQw_SwapDwQwLeBe", &[from, out, 1]);
    assert_eq!(b.got(out, 8), bytes("7766554433221100"));
    b.kernel_call("XeCryptBnQw_Copy", &[from, out, 1]);
    assert_eq!(b.got(out, 8), bytes("0011223344556677"));
    b.kernel_call("XeCryptBnQw_Zero", &[out, 1]);
    assert_eq!(b.got(out, 8), [0; 8]);
}

#[test]
fn obscured_keys_and_signatures_verify_on_the_same_console() {
    let mut b = Harness::new();
    let key = b.put(0x100, b"a key of a title");
    let hidden = b.put(0x120, &[0; 16]);
    let text = b.put(0x140, b"two blocks of a title's secrets.");
    let out = b.put(0x800, &[0; 64]);
    let feed = b.put(0x900, &[0; 16]);
    assert_eq!(b.status("XeKeysObscureKey", &[key, hidden]), NtStatus::SUCCESS);
    assert_ne!(b.got(hidden, 16), b"a key of a title");
    assert_eq!(
        b.status("XeKeysHmacShaUsingKey", &[hidden, text, 5, text + 5, 27, 0, 0, out, 20]),
        NtStatus::SUCCESS
    );
    let code = b.got(out, 20);
    b.kernel_call("XeCryptHmacSha", &[key, 16, text, 32, 0, 0, 0, 0, out, 20]);
    assert_eq!(b.got(out, 20), code);
    // The console's own key with a number: always the same one.
    let own = |b: &mut Harness, number, text| {
        b.put(0x800, &[0; 64]);
        (b.status("XeKeysHmacSha", &[number, text, 5, text + 5, 27, 0, 0, out, 16]), b.got(out, 20))
    };
    let (status, first) = own(&mut b, 0x19, text);
    assert_eq!((status, &first[16..]), (NtStatus::SUCCESS, &[0; 4][..]), "as much as has room");
    assert_eq!(own(&mut b, 0x19, text), (NtStatus::SUCCESS, first.clone()));
    assert_ne!(own(&mut b, 0x19, text + 1).1, first);
    assert_ne!(first[..16], code[..16]);
    assert_eq!(own(&mut b, 0x18, text), (NtStatus::UNSUCCESSFUL, vec![0; 20]));
    assert_eq!(
        b.status("XeKeysHmacShaUsingKey", &[0, text, 5, 0, 0, 0, 0, out, 20]),
        NtStatus::INVALID_PARAMETER
    );
    assert_eq!(b.status("XeKeysAesCbcUsingKey", &[hidden, text, 32, out, feed, 1]), NtStatus::SUCCESS);
    assert_ne!(b.got(out, 32), b"two blocks of a title's secrets.");
    b.put(0x900, &[0; 16]);
    assert_eq!(b.status("XeKeysAesCbcUsingKey", &[hidden, out, 32, out, feed, 0]), NtStatus::SUCCESS);
    assert_eq!(b.got(out, 32), b"two blocks of a title's secrets.");
    let signed = b.put(0x1000, &[0; 0x228]);
    let verify = |b: &mut Harness| {
        let right = b.kernel_call("XeKeysConsoleSignatureVerification", &[text, signed, feed]);
        (right, u32::from_be_bytes(b.got(feed, 4).try_into().unwrap()))
    };
    assert_eq!(verify(&mut b), (0, 0), "zeros are not a signature");
    assert_eq!(b.kernel_call("XeKeysConsolePrivateKeySign", &[text, signed]), 1);
    assert_eq!(verify(&mut b), (1, 1));
    b.put(0x140, b"T");
    assert_eq!(verify(&mut b), (0, 0), "of another digest");
}

/// Digests of the public implementations, computed by a script with theirs.
#[test]
fn a_digest_with_a_checksum() {
    let mut b = Harness::new();
    let text: Vec<u8> = (0..64_u32).map(|n| (n * 37 + 5) as u8).collect();
    let text = b.put(0x100, &text);
    let out = b.put(0x800, &[0xEE; 32]);
    b.kernel_call("XeCryptRotSumSha", &[text, 64, 0, 9, out, 32]);
    let digest = bytes("d43330a88d6a00769aff3de7611de40432e9706e");
    assert_eq!(b.got(out, 21), [&digest[..], &[0xEE]].concat());
    b.put(0x800, &[0xEE; 32]);
    b.kernel_call("XeCryptRotSumSha", &[text, 16, text + 16, 48, out, 4]);
    assert_eq!(b.got(out, 5), [&digest[..4], &[0xEE]].concat(), "in two parts, truncated");
}

#[test]
fn a_signature_is_made_and_verified() {
    let mut b = Harness::new();
    // The modulus is a product of Mersenne primes, so that everybody knows its factors.
    let one = BigUint::from(1_u32);
    let primes = [1279_u32, 607, 127, 31, 3].map(|bits| (&one << bits) - &one);
    let modulus = primes.iter().product::<BigUint>();
    let order = primes.iter().map(|prime| prime - &one).product::<BigUint>();
    let private = BigUint::from(0x1_0001_u32).modinv(&order).unwrap();
    let number = |number: &BigUint| {
        let mut words = number.to_u64_digits();
        words.resize(32, 0);
        words.into_iter().flat_map(u64::to_be_bytes).collect::<Vec<u8>>()
    };
    let head = [0_u8, 0, 0, 0x20, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let key = b.put(0x100, &[&head[..], &number(&modulus)].concat());
    let exponent = b.put(0x300, &number(&private));
    let digest = b.put(0x400, &[7; 20]);
    let salt = b.put(0x420, &[1; 10]);
    let made = b.put(0x500, &[0; 0x100]);
    let signature = b.put(0x600, &[0; 0x100]);
    assert_eq!(b.kernel_call("XeCryptBnQwBeSigCreate", &[made, digest, salt, key]), 1);
    assert_eq!(b.kernel_call("XeCryptBnQwNeModExp", &[signature, made, exponent, key + 0x10, 32]), 1);
    let verify = |b: &mut Harness, digest, key| {
        b.kernel_call("XeCryptBnQwBeSigVerify", &[signature, digest, salt, key])
    };
    assert_eq!(verify(&mut b, digest, key), 1);
    assert_eq!(verify(&mut b, digest + 1, key), 0, "another digest");
    b.put(0x103, &[0x1F]);
    assert_eq!(verify(&mut b, digest, key), 0, "a key of another size");
    assert_eq!(b.kernel_call("XeCryptBnQwBeSigCreate", &[made, digest, salt, key]), 0);
    b.put(0x104, &[0; 0x20C]);
    b.put(0x103, &[0x20]);
    assert_eq!(verify(&mut b, digest, key), 0, "a key of zeros");
    b.put(0x400, &(0..20).collect::<Vec<u8>>());
    b.put(0x420, b"0123456789");
    b.kernel_call("XeCryptBnQwBeSigFormat", &[made, digest, salt]);
    assert_eq!(b.got(made + 0xF8, 8), bytes("1539758908d6b871"), "the highest word is the last");
}

#[test]
fn the_key_vault_has_this_machines_values() {
    let mut b = Harness::new();
    let out = b.put(0x100, &[0xEE; 32]);
    let size = b.put(0x200, &272_u32.to_be_bytes());
    // The manufacturer's public key, by which a title verifies downloads: 272 bytes on a console.
    for number in [0x39, 0x18, 0x1A, 0x36, 0x1_0000_0000 + 0x3C, 0xFFFF] {
        assert_eq!(b.status("XeKeysGetKey", &[number, out, size]), NtStatus::UNSUCCESSFUL, "{number:#x}");
    }
    assert_eq!((b.got(out, 32), b.got(size, 4)), (vec![0xEE; 32], 272_u32.to_be_bytes().to_vec()));
    let entries: [(u64, &[u8]); 2] = [(0x14, b"000000000000"), (0x16, &[0, 0xFF])];
    for (number, entry) in entries {
        let length = entry.len() as u32;
        b.put(0x100, &[0xEE; 32]);
        b.put(0x200, &(length - 1).to_be_bytes());
        assert_eq!(b.status("XeKeysGetKey", &[number, out, size]), NtStatus::BUFFER_TOO_SMALL);
        assert_eq!((b.got(out, 1), b.got(size, 4)), (vec![0xEE], length.to_be_bytes().to_vec()));
        assert_eq!(b.status("XeKeysGetKey", &[number, out, size]), NtStatus::SUCCESS);
        assert_eq!(b.got(out, entry.len() + 1), [entry, &[0xEE]].concat());
    }
    b.put(0x200, &32_u32.to_be_bytes());
    assert_eq!(b.status("XeKeysGetKey", &[0x19, out, size]), NtStatus::SUCCESS);
    assert_eq!(b.got(size, 4), 16_u32.to_be_bytes());
    // The same key as that of its codes.
    let text = b.put(0x300, b"abc");
    let codes = [b.put(0x400, &[0; 20]), b.put(0x420, &[0; 20])];
    let own = b.status("XeKeysHmacSha", &[0x19, text, 3, 0, 0, 0, 0, codes[0], 20]);
    assert_eq!(own, NtStatus::SUCCESS);
    b.kernel_call("XeCryptHmacSha", &[out, 16, text, 3, 0, 0, 0, 0, codes[1], 20]);
    assert_eq!(b.got(codes[0], 20), b.got(codes[1], 20));
    b.put(0x200, &15_u32.to_be_bytes());
    assert_eq!(b.status("XeKeysGetKey", &[0x19, out, size]), NtStatus::BUFFER_TOO_SMALL);
}

/// The example of FIPS 197, under a key that the title sets.
#[test]
fn a_title_decrypts_with_the_keys_that_it_sets() {
    let mut b = Harness::new();
    let key = b.put(0x100, &bytes("000102030405060708090a0b0c0d0e0f"));
    let plain = bytes("00112233445566778899aabbccddeeff");
    let secret = bytes("69c4e0d86a7b0430d8cdb78070b4c55a");
    let input = b.put(0x200, &secret);
    let out = b.put(0x300, &[0xEE; 64]);
    let feed = b.put(0x400, &[0; 16]);
    let decrypt = |b: &mut Harness, number, feed| {
        b.put(0x300, &[0xEE; 64]);
        (b.status("XeKeysAesCbc", &[number, input, 16, out, feed, 0]), b.got(out, 16))
    };
    assert_eq!(decrypt(&mut b, 0xE2, 0), (NtStatus::UNSUCCESSFUL, vec![0xEE; 16]), "not set");
    for (number, length, answer) in [
        (0xE8, 16, NtStatus::UNSUCCESSFUL),
        (0x19, 16, NtStatus::UNSUCCESSFUL),
        (0xE2, 15, NtStatus::INVALID_PARAMETER),
        (0xE2, 16, NtStatus::SUCCESS),
    ] {
        assert_eq!(b.status("XeKeysSetKey", &[number, key, length]), answer, "{number:#x} {length}");
    }
    for feed in [0, feed] {
        assert_eq!(decrypt(&mut b, 0xE2, feed), (NtStatus::SUCCESS, plain.clone()));
    }
    assert_eq!(b.got(feed, 16), secret, "the block that a next call continues from");
    assert_ne!(decrypt(&mut b, 0xE2, feed).1, plain);
    assert_eq!(decrypt(&mut b, 0xE1, 0).0, NtStatus::UNSUCCESSFUL, "another number");
    let input = b.put(0x200, &plain);
    assert_eq!(b.status("XeKeysAesCbc", &[0xE2, input, 16, out, 0, 1]), NtStatus::SUCCESS);
    assert_eq!(b.got(out, 17), [&secret[..], &[0xEE]].concat());
    // The roamable key by its number, as the title may read it.
    let size = b.put(0x500, &16_u32.to_be_bytes());
    let roamable = b.put(0x520, &[0; 16]);
    assert_eq!(b.status("XeKeysGetKey", &[0x19, roamable, size]), NtStatus::SUCCESS);
    let state = b.put(0x600, &[0; 0x180]);
    b.kernel_call("XeCryptAesKey", &[state, roamable]);
    b.put(0x400, &[0; 16]);
    b.kernel_call("XeCryptAesCbc", &[state, input, 16, out, feed, 1]);
    let expected = b.got(out, 16);
    assert_eq!(b.status("XeKeysAesCbc", &[0x19, input, 16, out, 0, 1]), NtStatus::SUCCESS);
    assert_eq!(b.got(out, 16), expected);
}

#[test]
fn the_key_vault_has_the_users_entries() {
    let keys = KernelConfig::default().keys;
    let keys = keys.with_vault_entry(0x39, vec![7; 0x110]).with_vault_entry(0x14, vec![1]);
    let keys = keys.with_vault_entry(0x19, vec![9; 16]);
    let mut b = Harness::with_config(KernelConfig { keys, ..KernelConfig::default() }, Ports::default());
    let out = b.put(0x100, &[0xEE; 0x111]);
    let size = b.put(0x300, &272_u32.to_be_bytes());
    assert_eq!(b.status("XeKeysGetKey", &[0x39, out, size]), NtStatus::SUCCESS);
    assert_eq!(b.got(out, 0x111), [&[7; 0x110][..], &[0xEE]].concat());
    assert_eq!(b.status("XeKeysGetKey", &[0x14, out, size]), NtStatus::SUCCESS);
    assert_eq!((b.got(out, 2), b.got(size, 4)), (vec![1, 7], 1_u32.to_be_bytes().to_vec()));
    assert_eq!(b.status("XeKeysGetKey", &[0x3A, out, size]), NtStatus::UNSUCCESSFUL);
    // Codes are made with the roamable key that the title may read.
    let key = b.put(0x300, &[9; 16]);
    let text = b.put(0x340, b"abc");
    let codes = [b.put(0x400, &[0; 20]), b.put(0x420, &[0; 20])];
    let code = b.status("XeKeysHmacSha", &[0x19, text, 3, 0, 0, 0, 0, codes[0], 20]);
    assert_eq!(code, NtStatus::SUCCESS);
    b.kernel_call("XeCryptHmacSha", &[key, 16, text, 3, 0, 0, 0, 0, codes[1], 20]);
    assert_eq!(b.got(codes[0], 20), b.got(codes[1], 20));
}

/// The encoded message of RFC 8017, section 9.2, in reverse order.
#[test]
fn a_digest_in_padding_is_made_and_verified() {
    let mut b = Harness::new();
    let digest: Vec<u8> = (1..=20).collect();
    let hash = b.put(0x100, &digest);
    let out = b.put(0x200, &[0; 0x101]);
    let verify = |b: &mut Harness, hash, size| b.kernel_call("XeCryptBnDwLePkcs1Verify", &[hash, out, size]);
    let headers = ["3021300906052b0e03021a05000414", "301f300706052b0e03021a0414", ""];
    for (format, header) in (0..).zip(headers) {
        b.put(0x200, &[0xEE; 0x101]);
        b.kernel_call("XeCryptBnDwLePkcs1Format", &[hash, format, out, 0x100]);
        let end = [bytes(header), digest.clone()].concat();
        let mut message = vec![0, 1];
        message.resize(0xFF - end.len(), 0xFF);
        message.push(0);
        message.extend(end);
        message.reverse();
        assert_eq!(b.got(out, 0x101), [message, vec![0xEE]].concat(), "{format}");
        assert_eq!(verify(&mut b, hash, 0x100), 1, "{format}");
        assert_eq!(verify(&mut b, hash + 1, 0x100), 0, "{format}: another digest");
        assert_eq!(verify(&mut b, hash, 0xFF), 0, "{format}: another size");
        b.put(0x280, &[0xFE]);
        assert_eq!(verify(&mut b, hash, 0x100), 0, "{format}: other padding");
    }
    b.put(0x200, &[0xEE; 0x101]);
    for size in [0, 0x26, 0x201, u64::from(u32::MAX)] {
        b.kernel_call("XeCryptBnDwLePkcs1Format", &[hash, 0, out, size]);
        assert_eq!(b.got(out, 0x101), [0xEE; 0x101], "{size:#x}");
        assert_eq!(verify(&mut b, hash, size), 0, "{size:#x}");
    }
}

#[test]
fn random_bytes_are_the_same_in_every_run_that_begins_alike() {
    let bytes = || {
        let mut b = Harness::new();
        let out = b.put(0x800, &[0; 64]);
        b.kernel_call("XeCryptRandom", &[out, 40]);
        let first = b.got(out, 48);
        b.kernel_call("XeCryptRandom", &[out, 40]);
        assert_ne!(b.got(out, 40), first[..40]);
        first
    };
    assert_eq!(bytes(), bytes());
    assert_eq!(bytes()[40..], [0; 8]);
}
