//! Tests of LZX decompression, through guest memory.

use super::*;
use xenia_memory::{Heap, Protect};

const WINDOW: u32 = 0x8000;
const INVALID_ARGUMENT: u64 = 0xFFFF_FFFF_8007_0057;
const FAIL: u64 = 0xFFFF_FFFF_8000_4005;
/// Offsets in the memory of a test.
const CONTEXT: u32 = 0;
const INPUT: u32 = 0x1_0000;
const OUTPUT: u32 = 0x2_0000;

/// The two frames of a stream with one uncompressed block of 32 KiB and ten bytes.
fn frames() -> [Vec<u8>; 2] {
    let size = 0x8000 + 10_u32;
    let mut first = Vec::new();
    // No translation of call targets, block type 3, and the size in 24 bits.
    for word in [3 << 12 | size >> 12, (size & 0xFFF) << 4] {
        first.extend((word as u16).to_le_bytes());
    }
    for recent in [1_u32; 3] {
        first.extend(recent.to_le_bytes());
    }
    first.extend((0..0x8000_u32).map(|at| at as u8));
    [first, (0..10).map(|at| 0xA0 + at).collect()]
}

/// The title's functions that allocate and free memory.
const ALLOCATE: u32 = 0x8200_0000;
const FREE: u32 = 0x8200_0010;
const OUT_OF_MEMORY: u64 = 0xFFFF_FFFF_8007_000E;

/// Owner of the memory of a context.
#[derive(Clone, Copy)]
enum Place {
    Title,
    Allocator,
}

/// Calls a function that calls one of the title's; returns its argument, and the result of the call
/// after the title's function has returned `result`.
fn call_with_guest(b: &mut Harness, name: &str, arguments: &[u64], pc: u32, result: u64) -> (u64, u64) {
    let flow = b.call(Library::xboxkrnl, name, arguments);
    let Flow::CallGuest(guest) = flow else { panic!("{name}: {flow:?}") };
    assert_eq!((guest.pc, guest.args.len()), (GuestAddr(pc), 1));
    match b.resume(guest.then, result) {
        Flow::Return(value) => (guest.args[0], value),
        other => panic!("{name}: {other:?}"),
    }
}

struct Decompression {
    b: Harness,
    memory: GuestAddr,
    context: u64,
}

impl Decompression {
    fn new(place: Place) -> Self {
        let mut b = Harness::new();
        let base = u64::from(b.scratch.0);
        let memory = b.memory().alloc(Heap::Virtual4K, 0x3_0000, 0x1_0000, Protect::READ_WRITE).unwrap();
        b.memory().write(b.scratch, 0x1_0000_u32).unwrap();
        b.memory().write(b.scratch.offset(4), WINDOW).unwrap();
        let at = u64::from(memory.0 + CONTEXT);
        let arguments = |at| [base, base + 4, ALLOCATE.into(), FREE.into(), at, base + 0xC, base + 0x10];
        match place {
            Place::Title => assert_eq!(b.kernel_call("LDICreateDecompression", &arguments(at)), 0),
            Place::Allocator => {
                let name = "LDICreateDecompression";
                let (size, made) = call_with_guest(&mut b, name, &arguments(0), ALLOCATE, 0);
                assert!((u64::from(WINDOW)..u64::from(WINDOW) + 0x3200).contains(&size), "{size:#x}");
                assert_eq!((made, b.word(0x10)), (OUT_OF_MEMORY, 0));
                assert_eq!(call_with_guest(&mut b, name, &arguments(0), ALLOCATE, at), (size, 0));
            }
        }
        assert_eq!([b.word(0), b.word(0xC)], [0x8000, 0x8000 + 6144]);
        let context = u64::from(b.word(0x10));
        Self { b, memory, context }
    }

    /// Decompresses a frame of `size` bytes; returns them, or the result of the call.
    fn decompress(&mut self, frame: &[u8], size: u32) -> Result<Vec<u8>, u64> {
        let input = self.memory.offset(INPUT);
        let output = self.memory.offset(OUTPUT);
        let length = self.b.scratch.offset(0x14);
        self.b.memory().write_bytes(input, frame).unwrap();
        self.b.memory().write(length, size).unwrap();
        let [input, to, length] = [input, output, length].map(|at| u64::from(at.0));
        let arguments = [self.context, input, frame.len() as u64, to, length];
        match self.b.kernel_call("LDIDecompress", &arguments) {
            0 => {
                let mut found = vec![0; self.b.word(0x14) as usize];
                self.b.memory().read_bytes(output, &mut found).unwrap();
                Ok(found)
            }
            error => Err(error),
        }
    }
}

#[test]
fn a_stream_is_decompressed_frame_by_frame() {
    let [first, second] = frames();
    for place in [Place::Title, Place::Allocator] {
        let mut stream = Decompression::new(place);
        for _ in 0..2 {
            let found = stream.decompress(&first, 0x8000).unwrap();
            assert!(found.iter().enumerate().all(|(at, &byte)| byte == at as u8));
            assert_eq!(stream.decompress(&second, 10).unwrap(), second);
            assert_eq!(stream.b.kernel_call("LDIResetDecompression", &[stream.context]), 0);
        }
        match place {
            Place::Title => {
                assert_eq!(stream.b.kernel_call("LDIDestroyDecompression", &[stream.context]), 0);
            }
            Place::Allocator => {
                let destroy = [stream.context];
                let freed = call_with_guest(&mut stream.b, "LDIDestroyDecompression", &destroy, FREE, 7);
                assert_eq!(freed, (stream.context, 0));
            }
        }
        assert_eq!(stream.b.kernel_call("LDIDestroyDecompression", &[stream.context]), INVALID_ARGUMENT);
        assert_eq!(stream.decompress(&first, 0x8000), Err(INVALID_ARGUMENT));
    }
}

#[test]
fn wrong_sizes_and_damaged_frames_are_refused() {
    let [first, _] = frames();
    let mut stream = Decompression::new(Place::Title);
    assert_eq!(stream.decompress(&first, 0x8001), Err(INVALID_ARGUMENT));
    assert_eq!(stream.decompress(&first[..100], 0x8000), Err(FAIL), "cut off");
    assert!(stream.decompress(&first, 0x8000).is_ok(), "the context is as before");
    let base = u64::from(stream.b.scratch.0);
    let memory = u64::from(stream.memory.0);
    for window in [0_u32, 0x7000, 0x4000, 0x400_0000] {
        stream.b.memory().write(stream.b.scratch.offset(4), window).unwrap();
        let arguments = [base, base + 4, 0, 0, memory, 0, base + 0x10];
        assert_eq!(
            stream.b.kernel_call("LDICreateDecompression", &arguments),
            INVALID_ARGUMENT,
            "{window:#x}"
        );
    }
    // Sizes only, and neither memory nor an allocator.
    stream.b.memory().write(stream.b.scratch.offset(4), WINDOW).unwrap();
    assert_eq!(stream.b.kernel_call("LDICreateDecompression", &[base, base + 4, 0, 0, 0, 0, 0]), 0);
    let arguments = [base, base + 4, 0, 0, 0, 0, base + 0x10];
    assert_eq!(stream.b.kernel_call("LDICreateDecompression", &arguments), INVALID_ARGUMENT);
}
