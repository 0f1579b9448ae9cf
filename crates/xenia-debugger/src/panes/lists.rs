//! Lists: threads, stacks, kernel objects, locks, files, calls, the graphics chip, symbols.

use super::{Pane, PaneRow, RowMark};
use crate::model::{FoundSymbol, SymbolSearch};
use crate::text::{MAX_NAME_LENGTH, escaped_text, list};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use xenia::machine::{FileRow, GpuRows, LockRow, ObjectRow};
use xenia_kernel::imports::PastCall;
use xenia_sched::{CodeAddress, ReportedThread};

/// Maximum number of characters shown of a path.
const MAX_PATH_LENGTH: usize = 80;

fn address(at: &CodeAddress) -> String {
    let place =
        at.place.as_ref().map(|place| format!(" {}", escaped_text(&place.to_string(), MAX_NAME_LENGTH)));
    format!("{:08x}{}", at.address, place.unwrap_or_default())
}

/// The state of a thread: its wait, and the owners of the awaited objects.
fn waits(thread: &ReportedThread) -> String {
    let mut text = escaped_text(&thread.state, MAX_PATH_LENGTH);
    if thread.since.is_some() {
        text = format!("waits: {text}");
    }
    for holder in &thread.holders {
        let _ = write!(text, ", {:#x} is of {:#x}", holder.object, holder.thread);
    }
    if thread.suspended > 0 {
        let _ = write!(text, ", suspended {} times", thread.suspended);
    }
    text
}

/// All threads; the chosen one is highlighted.
pub fn threads(
    threads: &[ReportedThread],
    names: &BTreeMap<u32, String>,
    chosen: u32,
    selected: usize,
) -> Pane {
    let rows = threads.iter().map(|thread| {
        let name = match names.get(&thread.id) {
            Some(name) => escaped_text(name, 16),
            None if thread.service => "(kernel)".to_owned(),
            None => String::new(),
        };
        let mark = if thread.id == chosen { '=' } else { ' ' };
        let pc = thread.registers.as_ref().map(|registers| address(&registers.pc)).unwrap_or_default();
        let id = thread.id;
        let slot = thread.slot;
        let priority = thread.priority;
        let text = format!("{mark}{id:<8x} {name:<17} hw{slot} {priority:>3}  {pc:<40} {}", waits(thread));
        PaneRow { text, mark: if thread.id == chosen { RowMark::Here } else { RowMark::Plain } }
    });
    let heading = format!(" {:<8} {:<17} hw  pri  {:<40} state", "id", "name", "pc");
    Pane::list("threads", &heading, rows.collect(), selected)
}

/// The stack of a thread, innermost first.
pub fn stack(thread: Option<&ReportedThread>, selected: usize) -> Pane {
    let registers = thread.and_then(|thread| thread.registers.as_ref());
    let frames = registers.iter().flat_map(|registers| [&registers.pc].into_iter().chain(&registers.stack));
    let rows = frames.enumerate().map(|(n, at)| PaneRow::plain(format!("#{n:<3} {}", address(at))));
    Pane::list("stack", "", rows.collect(), selected)
}

/// Kernel objects with handles and waiters.
pub fn objects(objects: &[ObjectRow], selected: usize) -> Pane {
    let rows = objects.iter().map(|object| {
        let name = object.name.as_deref().map(|name| escaped_text(name, MAX_NAME_LENGTH)).unwrap_or_default();
        let signal = object.signal.map_or_else(|| "-".to_owned(), |signal| signal.to_string());
        PaneRow::plain(format!(
            "{:08x} {:<15} {name:<24} {signal:>6} {:>4}  {:<24} {}",
            object.body,
            object.kind,
            object.references,
            list(&object.handles),
            list(&object.waiters),
        ))
    });
    let heading = format!(
        "{:<8} {:<15} {:<24} {:>6} {:>4}  {:<24} waiting threads",
        "body", "kind", "name", "signal", "refs", "handles"
    );
    Pane::list("objects", &heading, rows.collect(), selected)
}

/// Locks with owners and waiters.
pub fn locks(locks: &[LockRow], selected: usize) -> Pane {
    let rows = locks.iter().map(|lock| {
        let owner = lock.owner.map_or_else(|| "-".to_owned(), |owner| format!("{owner:#x}"));
        PaneRow::plain(format!("{:08x} {:<17} {owner:<10} {}", lock.at, lock.kind, list(&lock.waiters)))
    });
    let heading = format!("{:<8} {:<17} {:<10} waiting threads", "address", "kind", "owner");
    Pane::list("locks", &heading, rows.collect(), selected)
}

/// The title's open files.
pub fn files(files: &[FileRow], selected: usize) -> Pane {
    let rows = files.iter().map(|file| {
        let size = file.size.map_or_else(|| "-".to_owned(), |size| size.to_string());
        let rights = if file.may_write { "rw" } else { "r" };
        PaneRow::plain(format!(
            "{:08x} {rights:<3} {:>12} {size:>12}  {:<24} {}",
            file.body,
            file.position,
            list(&file.handles),
            escaped_text(&file.path, MAX_PATH_LENGTH)
        ))
    });
    let heading =
        format!("{:<8} {:<3} {:>12} {:>12}  {:<24} path", "body", "", "position", "size", "handles");
    Pane::list("files", &heading, rows.collect(), selected)
}

/// The graphics chip: mode of the display, the state that the last draw has left, counters.
pub fn gpu(gpu: &GpuRows, mode: &str, selected: usize) -> Pane {
    let heading = |text: &str| PaneRow { text: text.to_owned(), mark: RowMark::Heading };
    let counted = |(name, count): &(String, u64)| {
        PaneRow::plain(format!("  {count:>14}  {}", escaped_text(name, MAX_PATH_LENGTH)))
    };
    let mut rows = vec![PaneRow::plain(format!("display: {mode}")), heading("counters")];
    rows.extend(gpu.counters.iter().map(counted));
    rows.push(heading("state of the last draw"));
    rows.extend(gpu.registers.iter().map(|text| PaneRow::plain(format!("  {}", escaped_text(text, 200)))));
    if !gpu.problems.is_empty() {
        rows.push(heading("problems"));
        rows.extend(gpu.problems.iter().map(counted));
    }
    Pane { title: "gpu".to_owned(), ..Pane::list("gpu", "", rows, selected) }
}

/// The last calls of exports, the newest first.
pub fn calls(calls: &[PastCall], selected: usize) -> Pane {
    let rows = calls.iter().rev().map(|call| {
        let arguments: Vec<String> = call.arguments.iter().map(|value| format!("{value:#x}")).collect();
        let name = escaped_text(&call.name, MAX_NAME_LENGTH);
        let at = call.at;
        let thread = call.thread;
        let caller = call.caller;
        PaneRow::plain(format!("{at:>14} {thread:<8x} {caller:08x} {name}({})", arguments.join(", ")))
    });
    let heading = format!("{:>14} {:<8} {:<8} call", "tick", "thread", "to");
    Pane::list("calls", &heading, rows.collect(), selected)
}

/// Symbols that were found.
pub fn symbols(found: &SymbolSearch, selected: usize) -> Pane {
    let row = |symbol: &FoundSymbol| {
        PaneRow::plain(format!("{:08x} {}", symbol.at, escaped_text(&symbol.name, MAX_PATH_LENGTH)))
    };
    let rows = found.symbols.iter().map(row);
    let mut pane = Pane::list("symbols", "", rows.collect(), selected);
    if found.left_out > 0 {
        pane.rows.push(PaneRow::plain(format!("... and {} more", found.left_out)));
    }
    pane
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that would clear the screen, turn text around and never end.
    fn evil() -> String {
        format!("\x1b[2J\x1b]0;t\x07\u{202e}{}", "A".repeat(100_000))
    }

    fn check(pane: &Pane) {
        for row in &pane.rows {
            assert!(row.text.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{row:?}");
            assert!(row.text.chars().count() < 300, "{}", row.text.len());
        }
    }

    #[test]
    fn names_of_the_title_are_made_harmless() {
        let object = ObjectRow {
            body: 0x4000_0000,
            kind: "event",
            name: Some(evil()),
            handles: vec![0xF800_0004; 1000],
            references: 1000,
            signal: Some(-1),
            waiters: vec![7; 1000],
        };
        check(&objects(&vec![object; 2000], 0));
        let file = FileRow {
            body: 1,
            handles: vec![1; 99],
            path: evil(),
            position: u64::MAX,
            size: Some(u64::MAX),
            may_write: true,
        };
        check(&files(&[file], 0));
        let thread = ReportedThread {
            reference: xenia_sched::ThreadRef { hw_id: 0, generation: 0, idx: 0 },
            id: 0xFFFF_FFFF,
            slot: 5,
            priority: 31,
            base_priority: 8,
            state: evil(),
            suspended: u32::MAX,
            reason: None,
            holders: Vec::new(),
            since: Some((1, 1)),
            until: None,
            registers: None,
            service: false,
        };
        let names = BTreeMap::from([(0xFFFF_FFFF, evil())]);
        check(&threads(std::slice::from_ref(&thread), &names, 1, 0));
        check(&stack(Some(&thread), 0));
        let symbol = FoundSymbol { name: evil(), at: 3 };
        check(&symbols(&SymbolSearch { symbols: vec![symbol; 3], left_out: 7 }, 0));
        let call = PastCall { at: 1, name: evil(), thread: 1, caller: 2, arguments: vec![u64::MAX; 8] };
        check(&calls(&[call], 0));
        let rows = GpuRows { problems: vec![(evil(), 3)], ..GpuRows::default() };
        check(&gpu(&rows, "mode", 0));
    }
}
