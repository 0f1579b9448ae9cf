//! Tests of the allocation on a simulated device, whose writes precede the commands of the same
//! submission.

use super::*;

use xenia_gpu::Ram;
use xenia_testing::Dice;

/// Simulated device: writes precede the commands of the same submission.
struct Device {
    kept: Kept,
    memory: Ram,
    buffer: Vec<u8>,
    writes: Vec<(u64, Vec<u8>)>,
    /// Reads by recorded commands: position, and the bytes expected there.
    reads: Vec<(u64, Vec<u8>)>,
    sent: u32,
}

impl Device {
    fn new(chunks: u32, memory: usize) -> Self {
        let buffer = vec![0; (chunks * CHUNK) as usize];
        Self {
            kept: Kept::new(chunks),
            memory: Ram::new(memory),
            buffer,
            writes: vec![],
            reads: vec![],
            sent: 0,
        }
    }

    fn bytes(&self, physical: u32, length: u32) -> Vec<u8> {
        let mut bytes = vec![0; length as usize];
        self.memory.read(physical, &mut bytes);
        bytes
    }

    /// Records a command that reads a part of a vertex buffer, submitting first if necessary;
    /// returns whether it was.
    fn read(&mut self, physical: u32, part: Range<u32>) -> bool {
        let mut sendings = Vec::new();
        let mut has_submitted = false;
        let place =
            self.kept.find(physical, part.clone(), &self.memory, &mut sendings).unwrap_or_else(|Full| {
                has_submitted = true;
                self.submit();
                self.kept.find(physical, part.clone(), &self.memory, &mut sendings).unwrap()
            });
        for Sending { place, physical, length } in sendings {
            self.sent += length;
            self.writes.push((place, self.bytes(physical, length)));
        }
        let at = (place + i64::from(part.start)) as u64;
        self.reads.push((at, self.bytes(physical.wrapping_add(part.start), part.end - part.start)));
        has_submitted
    }

    /// Records a command that reads transient data.
    fn pass(&mut self, bytes: Vec<u8>) {
        let place = self.kept.pass(bytes.len() as u32).unwrap_or_else(|Full| {
            self.submit();
            self.kept.pass(bytes.len() as u32).unwrap()
        });
        self.writes.push((place, bytes.clone()));
        self.reads.push((place, bytes));
    }

    fn submit(&mut self) {
        for (place, bytes) in self.writes.drain(..) {
            self.buffer[place as usize..][..bytes.len()].copy_from_slice(&bytes);
        }
        for (place, bytes) in self.reads.drain(..) {
            assert!(self.buffer[place as usize..][..bytes.len()] == bytes, "a command reads something else");
        }
        self.kept.note_submission();
    }

    /// Bytes uploaded since the last call.
    fn sent(&mut self) -> u32 {
        std::mem::take(&mut self.sent)
    }
}

#[test]
fn meshes_of_one_buffer_share_uploaded_pages() {
    let mut device = Device::new(8, 0x8_0000);
    (0..0x8_0000 / 4).for_each(|i| device.memory.write_u32(i * 4, i));
    // "The rest of the buffer" of each mesh, of which little is read.
    for mesh in 0..32 {
        device.read(0x1_0000 + mesh * 0x400, 0..0x400);
    }
    assert_eq!(device.sent(), 8 * PAGE_SIZE);
    // All of it, which extends into the next chunk, and again from the middle on.
    device.read(0x1_0000, 0..0x1_1000);
    device.submit();
    device.sent();
    device.read(0x1_8000, 0x1000..0x9000);
    device.read(0x1_0000, 0..4);
    assert_eq!(device.sent(), 0);
    device.submit();
    device.memory.write_u32(0x1_8000, 5);
    device.read(0x1_0000, 0..0x1_1000);
    assert_eq!(device.sent(), PAGE_SIZE, "the page that was written to");
    device.submit();
}

#[test]
fn recorded_commands_read_data_from_record_time() {
    let mut device = Device::new(16, 0x10_0000);
    for value in 0..4 {
        device.memory.write_u32(0x2_0000, value);
        assert!(!device.read(0x2_0000, 0..64), "a second place is cheap");
    }
    device.read(0, 0..0x8_0000);
    device.memory.write_u32(0x2_0000, 9);
    assert!(device.read(0, 0..0x8_0000), "one for so much is not");
    device.submit();
}

#[test]
fn least_recently_used_chunk_is_evicted_first() {
    let mut device = Device::new(3, 0x10_0000);
    for chunk in [0, 1, 2, 0, 3] {
        assert!(!device.read(chunk * CHUNK, 0..4));
        device.submit();
    }
    device.sent();
    device.read(0, 0..4);
    device.read(2 * CHUNK, 0..4);
    assert_eq!(device.sent(), 0);
    assert!(!device.read(CHUNK, 0..4), "in the place of the fourth");
    assert_eq!(device.sent(), PAGE_SIZE);
    assert!(device.read(3 * CHUNK, 0..4), "all places are read by recorded commands");
    device.submit();
    assert_eq!(device.kept.find(0, 0..4 * CHUNK, &device.memory, &mut vec![]), Err(Full));
}

#[test]
fn the_used_part_of_the_buffer_has_all_allocated_chunks() {
    let mut device = Device::new(64, 0x10_0000);
    assert_eq!(device.kept.used, 0);
    device.read(0, 0..4);
    device.read(0x8_0000, 0..3 * CHUNK);
    device.pass(vec![1; 16]);
    assert_eq!(device.kept.used, 5);
    device.submit();
    device.pass(vec![2; 16]);
    assert_eq!(device.kept.used, 5, "space that is used again");
    device.submit();
}

#[test]
fn long_ranges_and_ranges_that_wrap_are_read() {
    let mut device = Device::new(1025, 24 << 20);
    device.memory.write_u32(20 << 20, 7);
    device.read(12, 0..64 << 20);
    // Physical addresses are 29 bits.
    device.memory.write_u32(0, 8);
    device.read(0x1fff_fffc, 0..8);
    device.submit();
}

#[test]
fn random_writes_and_reads_return_correct_vertices() {
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let mut next = |limit: u32| (dice.next() >> 32) as u32 % limit;
        let mut device = Device::new(3 + next(20), 0x10_0000);
        for step in 0..300 {
            match next(8) {
                0 => device.submit(),
                1 | 2 => device.memory.write_u32(next(0x3_0000) * 4, step),
                3 => device.pass(vec![step as u8; next(0x1_0000) as usize]),
                _ => {
                    let first = next(0x2_8000) * 4;
                    let longest = [2 * CHUNK - PAGE_SIZE, 0x1000, 0x1000, 16][next(4) as usize];
                    let length = 1 + next(longest);
                    let begin = next(length);
                    device.read(first, begin..length);
                }
            }
        }
        device.submit();
    }
}
