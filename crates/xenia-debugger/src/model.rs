//! State of the debugger: the selection, the view and the pending question. It does not depend on
//! the machine or the terminal.

use crate::text::PrintedLines;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use xenia_cpu::{PpcContext, WatchedAccess};
use xenia_gdb::registers::GdbRegister;

/// The lower pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Threads,
    Memory,
    Stack,
    Objects,
    Locks,
    Files,
    Gpu,
    Calls,
    Text,
    Symbols,
}

impl Tab {
    /// All of them, in the order of the keys 1 to 9 and 0.
    pub const ALL: [Self; 10] = [
        Self::Threads,
        Self::Memory,
        Self::Stack,
        Self::Objects,
        Self::Locks,
        Self::Files,
        Self::Gpu,
        Self::Calls,
        Self::Text,
        Self::Symbols,
    ];

    /// Name in commands and titles.
    pub fn name(self) -> &'static str {
        match self {
            Self::Threads => "threads",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::Objects => "objects",
            Self::Locks => "locks",
            Self::Files => "files",
            Self::Gpu => "gpu",
            Self::Calls => "calls",
            Self::Text => "text",
            Self::Symbols => "symbols",
        }
    }
}

/// The pane beside the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SidePane {
    #[default]
    General,
    Float,
    Vector,
    Clif,
    Host,
}

impl SidePane {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [Self::General, Self::Float, Self::Vector, Self::Clif, Self::Host];
    /// Those of registers.
    pub const REGISTERS: [Self; 3] = [Self::General, Self::Float, Self::Vector];
    /// Those of compiled code.
    pub const COMPILED: [Self; 2] = [Self::Clif, Self::Host];

    /// Name in commands and titles.
    pub fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Float => "float",
            Self::Vector => "vector",
            Self::Clif => "clif",
            Self::Host => "host",
        }
    }
}

/// The pane that the arrow keys move in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    Code,
    Side,
    Tab,
}

/// A change that waits for the answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskedChange {
    /// A register of a thread.
    Register { thread: u32, register: GdbRegister, value: u128 },
    /// Bytes of memory.
    Memory { at: u32, bytes: Vec<u8> },
}

/// Forms of a function that the compiler makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompiledCode {
    /// Address within the function.
    pub pc: u32,
    /// Lines of CLIF, or of the reason why there are none.
    pub clif: Vec<String>,
    /// Lines of host code.
    pub host: Vec<String>,
}

/// Memory that stops the run when it is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoryWatch {
    pub at: u32,
    /// Number of bytes.
    pub size: u32,
    /// The accesses that stop the run.
    pub access: WatchedAccess,
}

/// Symbols that a search has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SymbolSearch {
    /// The first ones.
    pub symbols: Vec<FoundSymbol>,
    /// Number of the others.
    pub left_out: usize,
}

impl SymbolSearch {
    /// Number of all that were found.
    pub fn total(&self) -> usize {
        self.symbols.len() + self.left_out
    }
}

/// A symbol that a search has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSymbol {
    pub name: String,
    pub at: u32,
}

/// State of the debugger ([module documentation](self)).
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Guest id of the chosen thread.
    pub thread: u32,
    /// Address of the instruction at the cursor.
    pub cursor: u32,
    /// First address of the memory pane.
    pub memory: u32,
    /// The lower pane.
    pub tab: Tab,
    /// The pane beside the code.
    pub side: SidePane,
    pub focus: Focus,
    /// Selected row of each lower pane.
    pub selected: [usize; Tab::ALL.len()],
    /// First row of the pane beside the code.
    pub side_row: usize,
    /// Addresses of breakpoints.
    pub breakpoints: BTreeSet<u32>,
    /// The names by which breakpoints were set, with offsets, by address.
    pub named: BTreeMap<u32, String>,
    /// Memory whose accesses stop the title.
    pub watches: BTreeSet<MemoryWatch>,
    /// Symbols found last.
    pub found: SymbolSearch,
    /// Whether registers and memory may be changed.
    pub is_writable: bool,
    /// The change that waits for an answer.
    pub asked: Option<AskedChange>,
    /// The line of a command that is being typed.
    pub input: Option<String>,
    /// Why the machine has stopped, in a few words.
    pub state: String,
    /// The answer to the last command.
    pub message: String,
    pub shows_help: bool,
    /// Whether the debugger must exit.
    pub is_over: bool,
    /// Registers of a thread before the last command.
    pub before: Option<(u32, Box<PpcContext>)>,
    /// The compiler's output that is shown.
    pub compiled: Option<CompiledCode>,
    /// Lines that the title and the emulator have printed.
    pub text: Arc<Mutex<PrintedLines>>,
}

impl Model {
    /// Index of the lower pane in [`Tab::ALL`].
    pub fn tab_index(&self) -> usize {
        Tab::ALL.iter().position(|&tab| tab == self.tab).unwrap_or_default()
    }

    /// Selected row of the lower pane.
    pub fn row(&self) -> usize {
        self.selected[self.tab_index()]
    }

    /// Moves in the pane that has the focus.
    pub fn move_by(&mut self, rows: i32) {
        let moved = |row: usize| row.saturating_add_signed(rows as isize);
        match self.focus {
            Focus::Code => self.cursor = self.cursor.saturating_add_signed(rows.saturating_mul(4)) & !3,
            Focus::Side => self.side_row = moved(self.side_row),
            Focus::Tab if self.tab == Tab::Memory => {
                self.memory = self.memory.saturating_add_signed(rows.saturating_mul(16));
            }
            Focus::Tab => {
                let index = self.tab_index();
                self.selected[index] = moved(self.selected[index]);
            }
        }
    }
}
