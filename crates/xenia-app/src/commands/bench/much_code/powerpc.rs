//! The program as a plain ELF: functions, the driver that calls them, and their data.
//!
//! r14 to r20 are the driver's; functions leave them alone, so it need not save them.

use super::elf::{self, Segment};
use super::encode::Code;
use super::frame::Helpers;
use super::lower::{self, Outside, THING};
use super::program::{ARENA, Program, SLOTS};
use xenia_isa::Op;

/// Where the code lies.
const TEXT: u32 = 0x8201_0000;
/// Data begins at a multiple of this, so that no page has code and data.
const DATA_ALIGNMENT: u32 = 0x1_0000;
/// Bytes of a row of the table: a function, an object's offset.
const ROW: u32 = 8;
/// Bytes of the driver's stack frame.
const FRAME: i64 = 64;

/// A title.
#[derive(Debug)]
pub struct Title {
    /// The file.
    pub elf: Vec<u8>,
    /// Instructions in it.
    pub instructions: u64,
}

/// Where data lies.
#[derive(Clone, Copy, Debug)]
struct Layout {
    arena: u32,
    table: u32,
    things: u32,
    classes: u32,
    /// Jump tables.
    pool: u32,
}

impl Layout {
    /// The layout of data from an address on.
    fn new(program: &Program, arena: u32) -> Self {
        let table = arena.wrapping_add(ARENA);
        let things = table.wrapping_add(ROW * program.round.len() as u32);
        let classes = things.wrapping_add(THING * program.things.len() as u32);
        let pool = classes.wrapping_add(4 * SLOTS * program.classes.len() as u32);
        Self { arena, table, things, classes, pool }
    }
}

/// Code before its branches are resolved, and what data needs to know of it.
struct Written {
    code: Code,
    leaves: Vec<u32>,
    functions: Vec<u32>,
    entry: u32,
}

/// Writes the program's title.
pub fn title(program: &Program) -> Title {
    // The code's length doesn't depend on the addresses in it.
    let end = write(program, &Layout::new(program, 0)).code.here();
    let layout = Layout::new(program, end.next_multiple_of(DATA_ALIGNMENT));
    let written = write(program, &layout);
    let (words, pool) = written.code.finish();

    let mut data = program.arena.clone();
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
        Segment { address: layout.arena, contents: data, is_code: false },
    ];
    Title { elf: elf::write(written.entry, &segments), instructions }
}

/// Writes all code for data that lies so.
fn write(program: &Program, layout: &Layout) -> Written {
    let mut code = Code::new(TEXT, layout.pool);
    let helpers = Helpers::new(&mut code);
    let mut leaves = Vec::new();
    for leaf in &program.leaves {
        let outside = Outside { helpers, leaves: &[], things: layout.things };
        leaves.push(lower::function(&mut code, leaf, outside));
    }
    let outside = Outside { helpers, leaves: &leaves, things: layout.things };
    let mut functions = Vec::new();
    for function in &program.functions {
        functions.push(lower::function(&mut code, function, outside));
    }
    let entry = code.here();
    driver(&mut code, program, layout);
    Written { code, leaves, functions, entry }
}

/// `entry`: all rounds, and then the arena's words folded into the last function's number.
fn driver(code: &mut Code, program: &Program, layout: &Layout) {
    let row = i64::from(ROW);
    code.put(Op::stwu, &[1, -FRAME, 1]);
    code.get_lr(20);
    code.constant(14, layout.arena);
    code.constant(15, program.rounds);
    code.put(Op::addi, &[3, 0, 0]);
    let round = code.label_here();
    code.constant(16, layout.table.wrapping_sub(ROW));
    code.constant(17, program.round.len() as u32);
    let call = code.label_here();
    code.put(Op::lwzu, &[12, row, 16]);
    code.put(Op::lwz, &[4, 4, 16]);
    code.set_ctr(12);
    code.put(Op::addx, &[4, 4, 14]);
    code.call_ctr();
    code.put(Op::addic_rc, &[17, 17, -1]);
    code.branch(lower::IF_CLEAR, lower::EQUAL, call);
    code.put(Op::addic_rc, &[15, 15, -1]);
    code.branch(lower::IF_CLEAR, lower::EQUAL, round);

    code.put(Op::addi, &[5, 0, i64::from(ARENA / 4)]);
    code.set_ctr(5);
    code.put(Op::addi, &[6, 14, -4]);
    let word = code.label_here();
    code.put(Op::lwzu, &[7, 4, 6]);
    code.put(Op::rlwinmx, &[3, 3, 5, 0, 31]);
    code.put(Op::addx, &[3, 3, 7]);
    code.branch(lower::COUNTING, 0, word);
    code.set_lr(20);
    code.put(Op::addi, &[1, 1, FRAME]);
    code.ret();
}
