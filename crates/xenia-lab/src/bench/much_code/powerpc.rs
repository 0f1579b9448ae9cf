//! Writes the program as a title: functions, the driver that calls them, and their data. A title
//! with threads calls the kernel, so it is an XEX; others are plain ELFs.

use super::elf::{self, Import, Segment};
use super::encode::Code;
use super::frame::Helpers;
use super::lower::{self, Outside, THING};
use super::program::{ARENA, Program, SLOTS};
use super::start::{self, ROW, Thunks};
use anyhow::{Context, Result};
use xenia_formats::Elf;
use xenia_formats::pack::{PackOptions, pack};

/// Address of the code.
const TEXT: u32 = 0x8201_0000;
/// Alignment of the data, so that no page has both code and data.
const DATA_ALIGNMENT: u32 = 0x1_0000;
/// Distance in bytes between two threads' arenas, each followed by the thread's words.
const STRIDE: u32 = ARENA + 128;
/// Number of functions that share a copy of the leaves and helpers, placed before them: a branch
/// reaches 32 MiB, the size of 90,000 functions of the longest kind.
pub(super) const WITHIN_REACH: usize = 80_000;
/// Words of an import's thunk.
const THUNK: u32 = 4;
/// Ordinals of imports of titles with threads: `ExCreateThread` and `NtWaitForSingleObjectEx`.
const IMPORTS: [u16; 2] = [0x0D, 0xFD];

/// A generated title's file.
#[derive(Debug)]
pub(super) struct Title {
    /// Contents of the file.
    pub file: Vec<u8>,
    /// Extension of the file's name.
    pub extension: &'static str,
    /// Number of instructions in it.
    pub instructions: u64,
}

/// Addresses of the data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// An arena for each thread, followed by its words.
    pub arenas: u32,
    /// Slots of imports, and threads' handles.
    slots: u32,
    /// The table of calls.
    pub table: u32,
    things: u32,
    classes: u32,
    /// Jump tables and constants.
    pool: u32,
}

impl Layout {
    /// The layout of data from an address on.
    fn new(program: &Program, arenas: u32) -> Self {
        let slots = arenas.wrapping_add(STRIDE * program.threads);
        let words = if program.threads > 1 { IMPORTS.len() as u32 + program.threads } else { 0 };
        let table = slots.wrapping_add(4 * words);
        let things = table.wrapping_add(ROW * program.round.len() as u32);
        let classes = things.wrapping_add(THING * program.things.len() as u32);
        let pool = classes.wrapping_add(4 * SLOTS * program.classes.len() as u32);
        Self { arenas, slots, table, things, classes, pool }
    }

    /// Address of a thread's arena.
    pub(super) fn arena(&self, thread: u32) -> u32 {
        self.arenas.wrapping_add(STRIDE * thread)
    }

    /// Address of a thread's handle.
    pub(super) fn handle(&self, thread: u32) -> u32 {
        self.slots.wrapping_add(4 * (IMPORTS.len() as u32 + thread))
    }
}

/// Code with unresolved branches, and its addresses that the data contains.
struct Written {
    code: Code,
    thunks: u32,
    leaves: Vec<u32>,
    functions: Vec<u32>,
    entry: u32,
}

/// Writes the program's title.
pub(super) fn title(program: &Program) -> Result<Title> {
    title_with_reach(program, WITHIN_REACH)
}

/// As [`title`], with that many functions for each copy of the leaves and helpers.
pub(super) fn title_with_reach(program: &Program, reach: usize) -> Result<Title> {
    // A first pass finds the code's length, which does not depend on the addresses in it.
    let end = write(program, &Layout::new(program, 0), reach).code.here();
    let layout = Layout::new(program, end.next_multiple_of(DATA_ALIGNMENT));
    let written = write(program, &layout, reach);
    let (words, pool) = written.code.finish();

    let mut data = Vec::new();
    for thread in 0..program.threads {
        data.extend(&program.arena);
        data.extend(thread.to_be_bytes());
        data.resize(((thread + 1) * STRIDE) as usize, 0);
    }
    data.resize((layout.table - layout.arenas) as usize, 0);
    let mut word = |word: u32| data.extend(word.to_be_bytes());
    for row in &program.round {
        word(written.functions[row.function as usize]);
        word(row.object);
    }
    for class in &program.things {
        word(layout.classes + 4 * SLOTS * class);
        (1..THING / 4).for_each(|_| word(0));
    }
    for leaf in program.classes.iter().flatten() {
        word(written.leaves[*leaf as usize]);
    }
    pool.into_iter().for_each(word);
    let instructions = words.len() as u64;
    let text = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let segments = [
        Segment { address: TEXT, contents: text, is_code: true },
        Segment { address: layout.arenas, contents: data, is_code: false },
    ];
    if program.threads == 1 {
        let file = elf::write(written.entry, &segments, &[]);
        return Ok(Title { file, extension: "elf", instructions });
    }
    let imports: Vec<_> = (0..)
        .zip(IMPORTS)
        .map(|(index, ordinal)| Import {
            ordinal,
            slot: layout.slots + 4 * index,
            thunk: written.thunks + 4 * THUNK * index,
        })
        .collect();
    let linked = elf::write(written.entry, &segments, &imports);
    let linked = Elf::read(&linked).context("the title before it is packed")?;
    let file = pack(&linked, &PackOptions::default()).context("packing the title")?;
    Ok(Title { file, extension: "xex", instructions })
}

/// Writes all code for this layout of data.
fn write(program: &Program, layout: &Layout, reach: usize) -> Written {
    let mut code = Code::new(TEXT, layout.pool);
    let mut leaves = Vec::new();
    let mut functions = Vec::new();
    for near in program.functions.chunks(reach) {
        let helpers = Helpers::new(&mut code);
        let leaf =
            |leaf| lower::function(&mut code, leaf, Outside { helpers, leaves: &[], things: layout.things });
        leaves = program.leaves.iter().map(leaf).collect();
        for function in near {
            let outside = Outside { helpers, leaves: &leaves, things: layout.things };
            functions.push(lower::function(&mut code, function, outside));
        }
    }
    // Behind the functions, in reach of the entry.
    let thunks = code.here();
    if program.threads > 1 {
        code.reserve(THUNK * IMPORTS.len() as u32);
    }
    let of_kernel = Thunks { create: thunks, wait: thunks + 4 * THUNK };
    let of_kernel = (program.threads > 1).then_some(of_kernel);
    let entry = start::write(&mut code, program, layout, of_kernel);
    Written { code, thunks, leaves, functions, entry }
}
