//! Tests of calls over more memory than one turn processes: other threads run in between, and the
//! result is the same.

use super::*;
use xenia_exports::turns::TURN;
use xenia_rtl::crypto::cipher::{BlockCipher, CipherDirection, Rc4};
use xenia_rtl::crypto::hash::{Algorithm, Hash, Hmac};
use xenia_rtl::crypto::rot_sum::RotSum;

/// Size in bytes of the processed data: two turns, and an incomplete block.
const SIZE: u32 = 2 * TURN + 35;
/// Offsets of small data in the scratch memory.
const KEY: u32 = 0x100;
const STATE: u32 = 0x200;
const OUT: u32 = 0x400;

struct Long {
    b: Harness,
    text: Vec<u8>,
    /// Address of the text, and of an output buffer for twice its width.
    at: u64,
    out: u64,
}

impl Long {
    fn new() -> Self {
        let b = Harness::new();
        let room = (4 * SIZE).next_multiple_of(0x1000);
        let at = b.memory().alloc(Heap::Virtual4K, room, 0x1000, Protect::READ_WRITE).unwrap();
        let text: Vec<u8> = (0..SIZE).map(|index| (index * 7 % 251) as u8).collect();
        b.memory().write_bytes(at, &text).unwrap();
        let out = u64::from(at.0 + SIZE + 1);
        Self { b, text, at: u64::from(at.0), out }
    }

    fn small(&self, offset: u32) -> u64 {
        u64::from(self.b.scratch.0 + offset)
    }

    fn got(&self, at: u64, length: usize) -> Vec<u8> {
        let mut found = vec![0; length];
        self.b.memory().read_bytes(GuestAddr(at as u32), &mut found).unwrap();
        found
    }

    /// Makes a call of the kernel's until it is complete, which takes three turns; returns its
    /// result.
    fn call(&mut self, name: &str, arguments: &[u64]) -> u64 {
        self.call_in(Library::xboxkrnl, name, arguments)
    }

    /// [`Self::call`] in a library.
    fn call_in(&mut self, library: Library, name: &str, arguments: &[u64]) -> u64 {
        let mut flow = self.b.call(library, name, arguments);
        for turns in 1.. {
            flow = match flow {
                Flow::Repeat => {
                    let mut left = arguments.to_vec();
                    let registers = self.b.context().gpr;
                    left.iter_mut().zip(&registers[3..11]).for_each(|(argument, now)| *argument = *now);
                    self.b.call(library, name, &left)
                }
                Flow::Later(rest) => self.b.continue_long_call(rest),
                Flow::Return(value) => {
                    assert_eq!(turns, 3, "{name}");
                    return value;
                }
                other => panic!("{name}: {other:?}"),
            };
        }
        unreachable!("no call goes on for ever")
    }
}

fn digest(algorithm: Algorithm, text: &[u8]) -> Vec<u8> {
    let mut hash = Hash::new(algorithm);
    hash.update(text);
    hash.finish()
}

#[test]
fn long_digest_calls_equal_one_pass() {
    let mut long = Long::new();
    let size = u64::from(SIZE);
    let at = long.at;
    let out = long.small(OUT);
    let state = long.small(STATE);
    for (name, algorithm) in [
        ("XeCryptSha", Algorithm::Sha1),
        ("XeCryptSha256", Algorithm::Sha256),
        ("XeCryptSha384", Algorithm::Sha384),
        ("XeCryptSha512", Algorithm::Sha512),
        ("XeCryptMd5", Algorithm::Md5),
    ] {
        let expected = digest(algorithm, &long.text);
        // The boundaries of the parts are inside turns.
        let [first, second] = [u64::from(TURN) - 5, 0x100];
        let third = size - first - second;
        long.call(name, &[at, first, at + first, second, at + first + second, third, out, 64]);
        assert_eq!(long.got(out, expected.len()), expected, "{name}");
        long.b.kernel_call(&format!("{name}Init"), &[state]);
        long.call(&format!("{name}Update"), &[state, at, size]);
        long.b.kernel_call(&format!("{name}Final"), &[state, out + 0x80, 64]);
        assert_eq!(long.got(out + 0x80, expected.len()), expected, "{name}");
        // A part without an address is not read.
        let none = [0, u64::from(u32::MAX), 0, u64::from(u32::MAX), at, 0, out, 64];
        assert!(matches!(long.b.call(Library::xboxkrnl, name, &none), Flow::Return(_)));
        let none = [state, 0, u64::from(u32::MAX)];
        let flow = long.b.call(Library::xboxkrnl, &format!("{name}Update"), &none);
        assert!(matches!(flow, Flow::Return(_)));
    }
}

#[test]
fn a_chain_without_a_place_for_its_last_block() {
    let mut long = Long::new();
    let key = [7; 16];
    long.b.memory().write_bytes(long.b.scratch.offset(KEY), &key).unwrap();
    let number = 0xE2;
    let set = [number, long.small(KEY), 16];
    assert_eq!(long.b.status("XeKeysSetKey", &set), NtStatus::SUCCESS);
    let whole = SIZE as usize / 16 * 16;
    let plain = long.text[..whole].to_vec();
    let mut secret = plain.clone();
    let keyed = BlockCipher::Aes.with_key(&key).unwrap();
    keyed.chained(&mut secret, &mut [0; 16], CipherDirection::Encrypt);
    let at = long.at;
    let out = long.out;
    assert_eq!(long.call("XeKeysAesCbc", &[number, at, SIZE.into(), out, 0, 1]), 0);
    assert_eq!(long.got(out, whole), secret);
    // In place, where the block before a turn's first is overwritten.
    assert_eq!(long.call("XeKeysAesCbc", &[number, out, whole as u64, out, 0, 0]), 0);
    assert_eq!(long.got(out, whole), plain);
}

#[test]
fn a_digest_with_a_checksum() {
    let mut long = Long::new();
    let at = long.at;
    let out = long.small(OUT);
    // It reads the parts twice. The second part's turns end within a word of the first turn's rest.
    let half = u64::from(SIZE) / 2;
    let parts = long.text[..half as usize].split_at(5);
    let mut sum = RotSum::default();
    sum.update(parts.0);
    sum.update(parts.1);
    let sum = sum.bytes();
    let inverted = sum.map(|byte| !byte);
    let expected = digest(Algorithm::Sha1, &[&sum, &sum, parts.0, parts.1, &inverted, &inverted].concat());
    long.call("XeCryptRotSumSha", &[at, 5, at + 5, half - 5, out, 20]);
    assert_eq!(long.got(out, 20), expected);
}

#[test]
fn long_hmac_calls_equal_one_pass() {
    let mut long = Long::new();
    let size = u64::from(SIZE);
    let at = long.at;
    let out = long.small(OUT);
    let state = long.small(STATE);
    long.b.memory().write_bytes(long.b.scratch.offset(KEY), b"a key of a title").unwrap();
    let key = long.small(KEY);
    for (name, algorithm) in [("XeCryptHmacSha", Algorithm::Sha1), ("XeCryptHmacMd5", Algorithm::Md5)] {
        let mut hmac = Hmac::new(algorithm, b"a key of a title");
        hmac.inner.update(&long.text);
        let expected = hmac.finish();
        long.call(name, &[key, 16, 0, 0, at, 5, at + 5, size - 5, out, 20]);
        assert_eq!(long.got(out, expected.len()), expected, "{name}");
        long.b.kernel_call(&format!("{name}Init"), &[state, key, 16]);
        long.call(&format!("{name}Update"), &[state, at, size]);
        long.b.kernel_call(&format!("{name}Final"), &[state, out + 0x80, 20]);
        assert_eq!(long.got(out + 0x80, expected.len()), expected, "{name}");
        if algorithm == Algorithm::Sha1 {
            let verify = [key, 16, at, size, 0, 0, 0, 0, out, 20];
            assert_eq!(long.call("XeCryptHmacShaVerify", &verify), 1);
            let hidden = long.small(STATE);
            assert_eq!(long.b.status("XeKeysObscureKey", &[key, hidden]), NtStatus::SUCCESS);
            let using = [hidden, at, size, 0, 0, 0, 0, out + 0x100, 20];
            assert_eq!(long.call("XeKeysHmacShaUsingKey", &using), 0);
            assert_eq!(long.got(out + 0x100, expected.len()), expected);
        }
    }
}

#[test]
fn long_cipher_calls_equal_one_pass() {
    let mut long = Long::new();
    let size = u64::from(SIZE);
    let at = long.at;
    let out = long.out;
    let state = long.small(STATE);
    let feed = long.small(OUT);
    for (name, cipher) in [
        ("XeCryptAesCbc", BlockCipher::Aes),
        ("XeCryptDesCbc", BlockCipher::Des),
        ("XeKeysAesCbcUsingKey", BlockCipher::Aes),
    ] {
        let key = vec![3; cipher.key_size()];
        long.b.memory().write_bytes(GuestAddr(state as u32), &key).unwrap();
        if name.starts_with("XeKeys") {
            assert_eq!(long.b.status("XeKeysObscureKey", &[state, state]), NtStatus::SUCCESS);
        }
        long.b.memory().write_bytes(GuestAddr(feed as u32), &[5; 16]).unwrap();
        long.b.memory().fill(GuestAddr(out as u32), SIZE, 0xEE).unwrap();
        assert_eq!(long.call(name, &[state, at, size, out, feed, 1]) as u32, 0, "{name}");
        let mut expected = long.text.clone();
        let mut chain = vec![5; cipher.block_size()];
        let (whole, rest) = expected.split_at_mut(SIZE as usize / cipher.block_size() * cipher.block_size());
        cipher.with_key(&key).unwrap().chained(whole, &mut chain, CipherDirection::Encrypt);
        rest.fill(0xEE);
        assert!(long.got(out, SIZE as usize) == expected, "{name}");
        assert_eq!(long.got(feed, chain.len()), chain, "{name}");
    }
}

#[test]
fn streams_parity_and_random_bytes() {
    let mut long = Long::new();
    let size = u64::from(SIZE);
    let at = long.at;
    let out = long.out;
    let state = long.small(STATE);
    long.b.memory().write_bytes(long.b.scratch.offset(KEY), b"Key").unwrap();
    let key = long.small(KEY);
    let mut expected = long.text.clone();
    Rc4::new(b"Key").apply(&mut expected);
    long.call("XeCryptRc4", &[key, 3, at, size]);
    assert!(long.got(at, SIZE as usize) == expected);
    long.b.kernel_call("XeCryptRc4Key", &[state, key, 3]);
    long.call("XeCryptRc4Ecb", &[state, at, size]);
    assert!(long.got(at, SIZE as usize) == long.text, "back again");
    long.call("XeCryptDesParity", &[at, size, out]);
    let expected: Vec<u8> =
        long.text.iter().map(|&byte| xenia_rtl::crypto::cipher::odd_parity(byte)).collect();
    assert!(long.got(out, SIZE as usize) == expected);
    for (library, name, arguments) in [
        (Library::xboxkrnl, "XeCryptRandom", &[out, size][..]),
        (Library::xam, "NetDll_XNetRandom", &[1, out, size]),
    ] {
        long.b.memory().fill(GuestAddr(out as u32), SIZE + 8, 0).unwrap();
        assert_eq!(long.call_in(library, name, arguments), 0, "{name}");
        assert_ne!(long.got(out + size - 8, 8), [0; 8], "{name}");
        assert_eq!(long.got(out + size, 8), [0; 8], "{name}");
    }
}

#[test]
fn words_of_large_numbers() {
    let mut long = Long::new();
    let words = u64::from(SIZE / 8);
    let at = long.at;
    let out = (long.out + 7) & !7;
    long.call("XeCryptBnQw_Copy", &[at, out, words]);
    assert!(long.got(out, 8 * words as usize)[..] == long.text[..8 * words as usize]);
    assert_eq!(long.call("XeCryptBnQwNeCompare", &[at, out, words]), 0);
    long.b.memory().write(GuestAddr(out as u32), u64::MAX).unwrap();
    assert_eq!(long.call("XeCryptBnQwNeCompare", &[at, out, words]) as i32, -1, "the lowest word");
    long.call("XeCryptBnQw_SwapDwQwLeBe", &[at, out, words]);
    let swapped: Vec<u8> = long.text[..8 * words as usize]
        .as_chunks::<8>()
        .0
        .iter()
        .flat_map(|word| word.iter().rev().copied())
        .collect();
    assert!(long.got(out, swapped.len()) == swapped);
    long.call("XeCryptBnQw_Zero", &[out, words - 1]);
    let found = long.got(out, swapped.len());
    assert!(found[..swapped.len() - 8].iter().all(|&byte| byte == 0));
    assert_eq!(found[swapped.len() - 8..], swapped[swapped.len() - 8..]);
}

#[test]
fn long_memory_and_text_calls_equal_one_pass() {
    let mut long = Long::new();
    let size = u64::from(SIZE);
    let at = long.at;
    let out = long.out;
    let crc = [(0, SIZE / 2), (SIZE / 2, SIZE - SIZE / 2)].into_iter().fold(0, |crc, (from, length)| {
        // Each half is longer than a turn.
        let part = [crc, at + u64::from(from), u64::from(length)];
        let Flow::Repeat = long.b.call(Library::xboxkrnl, "RtlComputeCrc32", &part) else {
            panic!("at once")
        };
        let left: Vec<u64> = long.b.context().gpr[3..6].to_vec();
        long.b.kernel_call("RtlComputeCrc32", &left)
    });
    assert_eq!(long.call("RtlComputeCrc32", &[0, at, size]), crc);
    let written = long.small(OUT);
    assert_eq!(long.call("RtlMultiByteToUnicodeN", &[out, 2 * size, written, at, size]), 0);
    assert_eq!(long.b.word(OUT), 2 * SIZE);
    let wide: Vec<u8> = long.text.iter().flat_map(|&byte| [0, byte]).collect();
    assert!(long.got(out, wide.len()) == wide);
    let copy = out + 2 * size;
    assert_eq!(long.call("RtlUnicodeToMultiByteN", &[copy, size, written, out, 2 * size]), 0);
    assert_eq!(long.b.word(OUT), SIZE);
    assert_eq!(long.call("RtlCompareMemory", &[at, copy, size]), size);
    let last = GuestAddr((copy + size - 3) as u32);
    long.b.memory().write(last, 0xFF_u8).unwrap();
    assert_eq!(long.call("RtlCompareMemory", &[at, copy, size]), size - 3);
    long.call("RtlFillMemoryUlong", &[out, size, 0x1234_5678]);
    assert_eq!(long.call("RtlCompareMemoryUlong", &[out, size, 0x1234_5678]), size & !3);
    assert_eq!(long.got(out + (size & !3), 3), wide[(size & !3) as usize..][..3]);
}

/// The thread's pc is at the call until the last turn, and after the call then.
#[test]
fn a_thread_resumes_its_long_call() {
    let mut long = Long::new();
    let at = long.at;
    let out = long.small(OUT);
    let before = { (long.b.context().pc, long.b.context().lr) };
    let behind = long.b.kernel.imports.own_stubs.call_return.0 + 4;
    let flow = long.b.call(Library::xboxkrnl, "XeCryptSha", &[at, u64::from(SIZE), 0, 0, 0, 0, out, 20]);
    let kernel = long.b.kernel.clone();
    let thread = long.b.thread;
    let mut disposition = long.b.act(thread, |cpu, running| {
        let mut call = Call::new(&kernel, cpu, running);
        kernel.apply(&mut call, flow)
    });
    let mut system = KernelSystem::new(long.b.kernel.clone());
    for turn in 0..2 {
        assert!(matches!(disposition, Disposition::EndVisit), "{turn}: {disposition:?}");
        assert_eq!(long.b.context().pc, behind - 4);
        disposition = long.b.act(thread, |cpu, running| {
            running.ctx.pc = behind;
            system.syscall(cpu, running, 2)
        });
    }
    assert!(matches!(disposition, Disposition::Continue), "{disposition:?}");
    assert_eq!((long.b.context().pc, long.b.context().lr), before);
    assert_eq!(long.got(out, 20), digest(Algorithm::Sha1, &long.text));
}
