//! Generator of random command streams: complete or truncated packets, with meaningful or random
//! bodies.

use std::sync::OnceLock;

use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::microcode::assemble;
use xenia_gpu::packets::{PacketRow, ROWS, SWAP_SIGNATURE, TYPE2, opcode, type0, type3};
use xenia_gpu::registers;

/// Bytes of memory that streams use; the area starts at the memory's base.
pub const AREA: u32 = 0x4_0000;
/// Offsets in the area.
const RINGS: u32 = 0x1000;
const LISTS: [u32; 4] = [0x4000, 0x6000, 0x8000, 0x8100];
const SHADERS: u32 = 0xa000;
const VERTICES: u32 = 0xc000;
const TEXTURES: u32 = 0x1_0000;
const FRONT: u32 = 0x2_0000;

const PROGRAMS: &[(u32, &str)] = &[
    (
        0,
        "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
         vfetch r2.xyzw, r0.x, vf0, format=38, stride=7, offset=3
         alloc position
         max oPos, r1, r1
         alloc interpolators 1
         max o0, r2, r2",
    ),
    (0, "alloc position\nmax oPos, r0, r0\nalloc interpolators 1\nmax o0, r0, r0"),
    (1, "alloc colors\nmax oC0, r0, r0"),
    (1, "tfetch2D r0, r0.xy, tf1, mag=point, min=point\nalloc colors\nmax oC0, r0, r0"),
    (1, "tfetch2D r0, r0.xy, tf2\nalloc colors\nmul oC0, r0, c[3]"),
    (1, "loop i0, done\ntop:\nadd r1, r1, c[a0+4]\nendloop i0, top\ndone:\nexec\nmax oC0, r1, r1"),
    (
        0,
        "alloc memory 1\nmad eA, r0, c[1], c[2]\nmax eM0, r0, r0
         alloc position\nmax oPos, r0, r0\nalloc interpolators 1\nmax o0, r0, r0",
    ),
];

fn programs() -> &'static [(u32, Vec<u32>)] {
    static ONCE: OnceLock<Vec<(u32, Vec<u32>)>> = OnceLock::new();
    ONCE.get_or_init(|| PROGRAMS.iter().map(|&(kind, text)| (kind, assemble(text).unwrap())).collect())
}

/// Initial state of one run.
pub struct Stream {
    /// Words of memory by offset.
    pub memory: Vec<(u32, Vec<u32>)>,
    /// Address (an offset if `ring_is_offset`) and log2 of the size in quadwords of the ring.
    pub ring: (u32, u32),
    pub ring_is_offset: bool,
    /// Address of the read index write-back, and the log2 of the block.
    pub write_back: Option<(u32, u32)>,
    /// Write index of the ring.
    pub write: u32,
}

/// Generator of stream words in memory that starts at `base`.
pub struct Generator<'a> {
    pub rng: &'a mut ChaCha8Rng,
    pub base: u32,
    /// Number out of 64 packets that are not packets, or announce more words than there are.
    wild: u32,
    words: Vec<u32>,
}

impl<'a> Generator<'a> {
    pub fn new(rng: &'a mut ChaCha8Rng, base: u32) -> Self {
        let wild = *[0, 0, 1, 8].choose(rng).unwrap();
        Self { rng, base, wild, words: Vec::new() }
    }

    /// Random address that is likely to be meaningful, with a byte order.
    fn address(&mut self) -> u32 {
        let place = match self.rng.random_range(0..8) {
            0 => RINGS,
            1 => *LISTS.choose(self.rng).unwrap(),
            2 => SHADERS,
            3 => VERTICES,
            4 => TEXTURES,
            5 => FRONT,
            6 => AREA - 16,
            _ => return self.rng.random(),
        };
        (self.base + place + self.rng.random_range(0..64) * 4) | self.rng.random_range(0..4)
    }

    /// Random word that is usually a meaningful value.
    pub fn value(&mut self) -> u32 {
        match self.rng.random_range(0..12) {
            0..=2 => self.rng.random(),
            3 | 4 => self.rng.random_range(0..64),
            5 | 6 => self.address(),
            7 => self.register(),
            8 => self.rng.random_range(-64.0_f32..64.0).to_bits(),
            9 => [0, u32::MAX, 0xffff_feed, SWAP_SIGNATURE, 0x8000_0000][self.rng.random_range(0..5)],
            10 => 1 << self.rng.random_range(0..32),
            _ => self.rng.random::<u32>() & self.rng.random::<u32>() & self.rng.random::<u32>(),
        }
    }

    fn values(&mut self, count: usize) {
        for _ in 0..count {
            let value = self.value();
            self.words.push(value);
        }
    }

    pub fn register(&mut self) -> u32 {
        static INDICES: OnceLock<Vec<u32>> = OnceLock::new();
        let indices = INDICES.get_or_init(|| registers::rows().map(|row| row.index).collect());
        match self.rng.random_range(0..4) {
            0 => self.rng.random_range(0x4000..0x5010),
            1 => self.rng.random_range(0..0x8000),
            _ => *indices.choose(self.rng).unwrap(),
        }
    }

    fn set(&mut self, index: u32, value: u32) {
        self.words.extend([type0(index, 1), value]);
    }

    /// Generates a packet with a meaningful body.
    fn sensible(&mut self) {
        match self.rng.random_range(0..12) {
            0 | 1 => {
                let list = self.base + LISTS.choose(self.rng).unwrap();
                let length = self.rng.random_range(0..64);
                let opcode =
                    [opcode::INDIRECT_BUFFER, opcode::INDIRECT_BUFFER_PFD][self.rng.random_range(0..2)];
                self.words.extend([type3(opcode, 2), list, length]);
            }
            2 => {
                let address = self.address();
                let reference = self.value();
                // Most conditions hold immediately.
                let info = if self.rng.random_ratio(1, 16) { self.rng.random() } else { 0x17 };
                self.words.extend([type3(opcode::WAIT_REG_MEM, 5), info, address, reference, u32::MAX, 16]);
            }
            3 => self.load_shader(None),
            4 => {
                let at = self.base + SHADERS;
                let kind = self.rng.random_range(0..2);
                let count = self.rng.random_range(0..48);
                self.words.extend([type3(opcode::IM_LOAD, 2), at | kind, count]);
            }
            5 => self.surface(),
            6 => self.fetch_constants(),
            7 if self.rng.random_ratio(1, 4) => {
                let words = [SWAP_SIGNATURE, self.base + FRONT, 16, 16];
                self.words.push(type3(opcode::XE_SWAP, 4));
                self.words.extend(words);
            }
            8 => {
                let at = self.address() >> 2;
                let above = self.address() >> 2;
                let reference = self.value();
                let count = self.rng.random_range(0..40);
                self.words.extend([type3(opcode::COND_EXEC, 4), at, above, reference, count]);
            }
            _ => self.draw(),
        }
    }

    /// Loads a shader, of a kind if requested, occasionally with a bit changed.
    fn load_shader(&mut self, kind: Option<u32>) {
        let fitting: Vec<_> =
            programs().iter().filter(|program| kind.is_none_or(|kind| kind == program.0)).collect();
        let (kind, code) = fitting.choose(self.rng).unwrap();
        let count = code.len() as u32;
        self.words.extend([type3(opcode::IM_LOAD_IMMEDIATE, count + 2), *kind, count]);
        self.words.extend(code);
        if self.rng.random_ratio(1, 4) {
            let at = self.words.len() - self.rng.random_range(1..=code.len());
            self.words[at] ^= 1 << self.rng.random_range(0..32);
        }
    }

    /// Generates all state of a draw, then draws and other packets in between.
    fn scene(&mut self) {
        self.surface();
        self.fetch_constants();
        self.load_shader(Some(0));
        self.load_shader(Some(1));
        self.draw();
        self.draw();
    }

    /// Generates state with which a draw or a resolve has an effect.
    fn surface(&mut self) {
        let pick = |rng: &mut ChaCha8Rng, values: &[u32]| *values.choose(rng).unwrap();
        let mode = pick(self.rng, &[4, 4, 4, 5, 6, 0, 7]);
        self.set(0x2208, mode);
        let pitch = pick(self.rng, &[0, 32, 64, 80]);
        let msaa = self.rng.random_range(0..4);
        self.set(0x2000, pitch | msaa << 16);
        for index in [0x2001, 0x2003, 0x2004, 0x2005] {
            let info = pick(self.rng, &[0, 1024, 2047, 4095]) | self.rng.random_range(0..16) << 16;
            self.set(index, info);
        }
        let depth = 512 | self.rng.random_range(0..2) << 16;
        self.set(0x2002, depth);
        let width = self.rng.random_range(0..80);
        let height = self.rng.random_range(0..80);
        self.set(0x200e, 0);
        self.set(0x200f, 8192 | 8192 << 16);
        self.set(0x2081, 1 << 31);
        self.set(0x2082, width | height << 16);
        self.set(0x2100, 0xff_ffff);
        self.set(0x2104, 0xffff);
        for index in [0x2200, 0x2201, 0x2204, 0x2205, 0x2206, 0x2210, 0x2302, 0x2307, 0x2308, 0x2312, 0x2180]
        {
            if self.rng.random_ratio(1, 2) {
                let value = self.value();
                self.set(index, value);
            }
        }
        let control = self.rng.random::<u32>() & 0x0033_0377;
        let info = self.rng.random();
        self.set(0x2318, control);
        self.set(0x2319, self.base + FRONT);
        self.set(0x231a, 64 | 64 << 16);
        self.set(0x231b, info);
    }

    fn fetch_constants(&mut self) {
        let vertices = self.rng.random_range(0..64);
        self.set(0x4800, (self.base + VERTICES) | 3);
        self.set(0x4801, 2 | vertices << 2);
        let texture = 0x4800 + 6 * self.rng.random_range(0..4);
        let kind = self.rng.random::<u32>() & !3 | 2;
        let format = self.rng.random_range(0..64) | self.rng.random_range(0..4) << 6;
        let size = self.rng.random_range(0..64) | self.rng.random_range(0..64) << 13;
        let rest: [u32; 3] = [self.value(), self.value(), self.value()];
        self.words.push(type0(texture, 6));
        self.words.extend([kind, format | (self.base + TEXTURES), size]);
        self.words.extend(rest);
    }

    fn draw(&mut self) {
        let source: u32 = *[0, 1, 2, 2, 2, 3].choose(self.rng).unwrap();
        let primitive = [4, 5, 6, 8, 8, 13, self.rng.random_range(0..64)][self.rng.random_range(0..7)];
        let initiator =
            primitive | source << 6 | self.rng.random_range(0..2) << 11 | self.rng.random_range(0..24) << 16;
        let extra = self.rng.random_range(0..3) * 2 + 2;
        let (opcode, front) = [
            (opcode::DRAW_INDX, 1),
            (opcode::DRAW_INDX_2, 0),
            (opcode::DRAW_INDX_BIN, 1),
            (opcode::DRAW_INDX_2_BIN, 0),
        ][self.rng.random_range(0..4)];
        self.words.push(type3(opcode, front + 1 + extra) | u32::from(self.rng.random_ratio(1, 8)));
        self.values(front as usize);
        self.words.push(initiator);
        self.values(extra as usize);
    }

    /// Generates any packet, or a word that might be a header.
    fn packet(&mut self) {
        if self.rng.random_range(0..64) < self.wild {
            if self.rng.random_ratio(1, 2) {
                return self.values(1);
            }
            // Announces more words than there are.
            let count = self.rng.random_range(1..0x4000);
            self.words.push(type3(self.rng.random_range(0..128), count));
            return self.values(4);
        }
        match self.rng.random_range(0..16) {
            0 | 1 => {
                let first = self.register();
                let count = self.rng.random_range(1..12);
                self.words.push(type0(first, count) | u32::from(self.rng.random_ratio(1, 8)) << 15);
                self.values(count as usize);
            }
            2 => {
                let pair = self.rng.random_range(0..1 << 22);
                self.words.push(1 << 30 | pair);
                self.values(2);
            }
            3 => self.words.push(TYPE2),
            4..=7 => {
                let &PacketRow { opcode, words: least, .. } = ROWS.choose(self.rng).unwrap();
                // A wait for a random value rarely ends.
                let waits = [opcode::WAIT_REG_MEM, opcode::WAIT_REG_EQ, opcode::WAIT_REG_GTE];
                if waits.contains(&opcode) && self.rng.random_ratio(15, 16) {
                    return;
                }
                // Occasionally there are too few words.
                let few = usize::from(self.rng.random_ratio(1, 16));
                let count = (least + self.rng.random_range(0..4)).saturating_sub(few).max(1);
                self.words.push(type3(opcode, count as u32) | self.rng.random_range(0..2));
                self.values(count);
            }
            8 => self.scene(),
            _ => self.sensible(),
        }
    }

    /// Generates packets of about this many words.
    fn packets(&mut self, words: usize) -> Vec<u32> {
        while self.words.len() < words {
            self.packet();
        }
        std::mem::take(&mut self.words)
    }

    pub fn stream(&mut self) -> Stream {
        let size_log2 = match self.rng.random_range(0..8) {
            0 => self.rng.random(),
            1 => self.rng.random_range(0..40),
            2 => self.rng.random_range(4..8),
            _ => 9,
        };
        let ring_is_offset = self.rng.random_ratio(7, 8);
        let ring = if ring_is_offset { RINGS } else { self.rng.random() };
        let count = self.rng.random_range(1..400);
        let mut memory = vec![(RINGS, self.packets(count))];
        for at in LISTS {
            let count = self.rng.random_range(1..100);
            let words = self.packets(count);
            memory.push((at, words));
        }
        for (at, count) in [(SHADERS, 48), (VERTICES, 64), (TEXTURES, 64)] {
            self.values(count);
            memory.push((at, std::mem::take(&mut self.words)));
        }
        let write = match self.rng.random_range(0..8) {
            0 => self.rng.random(),
            1 => self.rng.random_range(0..512),
            _ => memory[0].1.len() as u32,
        };
        let write_back = self.rng.random_ratio(1, 2).then(|| (self.address(), self.rng.random_range(0..40)));
        Stream { memory, ring: (ring, size_log2), ring_is_offset, write_back, write }
    }
}
