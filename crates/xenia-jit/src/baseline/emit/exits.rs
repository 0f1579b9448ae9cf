//! Cold exits of a unit, emitted after its blocks, so that these contain no code that seldom runs.
//!
//! Most put a guest address into eax and jump to a thunk through a word of the context. Invariant:
//! at these exits the mapped registers hold the guest's state before that address, and the budget
//! counts what has run.

use super::super::encode::{CMP, Condition, Dword, Encoder, Imm, RAX, Rm};
use super::super::entries;
use super::super::map::{BUDGET, BaselineWord};
use super::super::sites::SiteInUnit;
use super::super::slices::RESERVE;
use super::super::unit::Discovery;
use super::{BlockJump, CALLED, Emitter, INTERPRET, STACK, ThunkCall};

/// A cold exit from a unit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Exit {
    /// The budget is too small for the path from this address.
    Budget(u32),
    /// The path from `pc` needs instructions of the reserve: `charged`, which were subtracted from
    /// the budget, and those that are `uncharged`. Execution resumes at the position `back` if
    /// there are enough.
    Reserve { pc: u32, charged: i32, uncharged: i32, back: u32 },
    /// The interpreter runs this instruction. Those that were charged and have not run, itself
    /// included, are given back to the budget.
    Interpret(SiteInUnit),
    /// Calls are nested too deeply to continue at this address.
    Depth(u32),
    /// A call returned to an address other than the next one.
    Return,
    /// The address in eax is called and the call table misses. Execution resumes at this position,
    /// unless calls are nested too deeply: entries in the middle of a unit do not compare the stack
    /// with its limit.
    NotInCallTable(u32),
    /// The thunk at this offset runs a case that its template left out. Execution resumes at a
    /// position.
    RareCase { thunk: u32, back: u32 },
    /// A jump through the unit's table leads to an address that is not a case.
    NoCase,
}

/// The jump through a word of the context with which exits end. A short jump to the last one of its
/// kind is four bytes shorter.
struct Tail {
    word: BaselineWord,
    /// Position of the last one, if there is one.
    at: Option<usize>,
}

impl Tail {
    fn new(word: BaselineWord) -> Self {
        Self { word, at: None }
    }

    fn jump(&mut self, e: &mut Encoder) {
        // 128 bytes back, less the jump's own two.
        const REACH: usize = 126;
        if let Some(at) = self.at.filter(|at| e.len() - at <= REACH) {
            let field = e.jump_short();
            e.set_short_distance(field, at);
        } else {
            self.at = Some(e.len());
            e.jump_through(self.word.at());
        }
    }
}

impl Emitter {
    /// Patches the jumps between blocks and the table, and emits the exits. Returns false if a
    /// short jump or the table is out of range.
    pub(super) fn finish(&mut self, unit: &Discovery) -> bool {
        if !self.patch_jumps() {
            return false;
        }
        self.emit_exits(unit);
        self.emit_links();
        self.fill_table(unit)
    }

    /// Patches the jumps between blocks. Returns false if a short one is out of range.
    fn patch_jumps(&mut self) -> bool {
        for &BlockJump { field, block, is_short } in &self.jumps {
            let label = self.labels[block] as usize;
            if is_short {
                if !self.templates.e.set_short_distance(field, label) {
                    return false;
                }
            } else {
                self.templates.e.set_distance(field, label as i64);
            }
        }
        true
    }

    fn emit_exits(&mut self, unit: &Discovery) {
        let [mut leave, mut missed, mut over] =
            [BaselineWord::Leave, BaselineWord::ReturnMiss, BaselineWord::SliceOver].map(Tail::new);
        for n in 0..self.exits.len() {
            let (field, exit) = self.exits[n];
            // Two kinds are the same wherever they are, so all of a kind share one exit.
            let shared = match exit {
                Exit::Return => missed.at,
                Exit::NoCase => self.table.and_then(|table| table.other),
                _ => None,
            };
            let e = &mut self.templates.e;
            if let Some(at) = shared {
                e.set_distance(field, at as i64);
                continue;
            }
            e.set_distance(field, e.len() as i64);
            match exit {
                Exit::Budget(pc) => {
                    e.word(RAX, pc);
                    over.jump(e);
                }
                Exit::Reserve { pc, charged, uncharged, back } => {
                    e.imm(Dword, Imm::Cmp, Rm::Reg(BUDGET), uncharged - RESERVE);
                    e.jump_back_if(Condition::LESS.not(), back as usize);
                    e.imm(Dword, Imm::Add, Rm::Reg(BUDGET), charged);
                    e.word(RAX, pc);
                    over.jump(e);
                }
                Exit::Interpret(SiteInUnit { word, remaining }) => {
                    e.imm(Dword, Imm::Add, Rm::Reg(BUDGET), remaining.cast_signed());
                    e.word(RAX, unit.address(word as usize) | INTERPRET);
                    leave.jump(e);
                }
                Exit::Depth(pc) => {
                    e.word(RAX, pc);
                    leave.jump(e);
                }
                Exit::NotInCallTable(back) => {
                    entries::emit_look_up(e);
                    e.op64(CMP, STACK, Rm::Ctx(BaselineWord::StackLimit.at()));
                    let field = e.jump_if(Condition::CARRY.not());
                    e.set_distance(field, back.into());
                    leave.jump(e);
                }
                Exit::RareCase { thunk, back } => {
                    self.thunk_calls.push(ThunkCall { field: e.call() as u32, thunk });
                    let field = e.jump();
                    e.set_distance(field, back.into());
                }
                Exit::NoCase => self.end_of_table(),
                Exit::Return => missed.jump(e),
            }
        }
    }

    /// Emits the exits of links, which look for the code of their targets.
    fn emit_links(&mut self) {
        let mut missing = Tail::new(BaselineWord::Missing);
        let e = &mut self.templates.e;
        for link in &mut self.links {
            link.exit = e.len() as u32;
            e.set_distance(link.field as usize, link.exit.into());
            e.word(RAX, link.target | if link.is_call { CALLED } else { 0 });
            missing.jump(e);
        }
    }
}
