//! The text of a screen, gathered from the model and the machine.

use crate::areas::Areas;
use crate::command::COMMANDS;
use crate::model::{Focus, Model, SidePane, Tab};
use crate::panes::code::CodeView;
use crate::panes::{Pane, PaneRow, lists, memory, registers};
use crate::session::DebugSession;
use crate::text::{MAX_NAME_LENGTH, escaped_text};
use ratatui_core::layout::Rect;
use xenia::machine::{Debugged, MachinePosition};
use xenia::wording::grouped;
use xenia_gdb::Debuggee;

/// Length in characters at which a line of compiled code is cut.
const MAX_CODE_LINE_LENGTH: usize = 200;

/// The text of a screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebugScene {
    pub header: String,
    pub code: Pane,
    pub side: Pane,
    pub tab: Pane,
    /// Names of the lower panes, with the chosen one.
    pub tabs: (Vec<String>, usize),
    pub message: String,
    /// The line that is typed, or a hint.
    pub line: String,
    pub is_typing: bool,
    pub focus: Focus,
    /// The table of keys and commands, if it is shown.
    pub help: Option<Pane>,
}

/// The first line of a screen.
pub(crate) fn header(
    title: &str,
    engine: &str,
    state: &str,
    model: &Model,
    position: MachinePosition,
) -> String {
    let MachinePosition { now, instructions, frames } = position;
    // A path of the host, or of the console if another title launched this one.
    let title = title.rsplit(['/', '\\']).next().unwrap_or_default();
    let writable = if model.is_writable { "WRITABLE" } else { "read-only" };
    format!(
        " {} | thread {:x} | {state} | {} instructions | tick {now} | frame {frames} | {engine} | {writable}",
        escaped_text(title, MAX_NAME_LENGTH),
        model.thread,
        grouped(instructions),
    )
}

/// The table of keys and commands.
fn help() -> Pane {
    let rows = COMMANDS.iter().map(|row| {
        let command = format!("{} {}", row.name, row.arguments);
        PaneRow::plain(format!("{:<6} {command:<24} {}", row.keys, row.effect))
    });
    let heading = format!("{:<6} {:<24} effect", "key", "command");
    let title = "keys and commands: any key closes this".to_owned();
    Pane { title, heading: Some(heading), rows: rows.collect(), ..Pane::default() }
}

impl DebugScene {
    /// Gathers the text of a screen of this size.
    pub fn gather(session: &mut DebugSession, machine: &Debugged<'_, '_>, size: Rect) -> Self {
        session.compile(machine);
        let model = &session.model;
        let areas = Areas::of(size);
        let tab_rows = areas.tab_rows();
        let side_rows = areas.side_rows();
        Self {
            header: header(
                machine.title_name(),
                machine.engine_name(),
                &model.state,
                model,
                machine.position(),
            ),
            code: code(model, machine, areas.code_rows()),
            side: side(model, machine, side_rows),
            tab: tab(model, machine, tab_rows),
            tabs: (tab_names(), model.tab_index()),
            message: model.message.clone(),
            line: match &model.input {
                Some(line) => format!(":{line}"),
                None => " s step  n next  c continue  b break  S C back  Tab pane  Enter follow  : command  ? help  q quit".to_owned(),
            },
            is_typing: model.input.is_some(),
            focus: model.focus,
            help: model.shows_help.then(help),
        }
    }
}

fn tab_names() -> Vec<String> {
    Tab::ALL.iter().enumerate().map(|(index, tab)| format!("{} {}", (index + 1) % 10, tab.name())).collect()
}

fn code(model: &Model, machine: &Debugged<'_, '_>, height: usize) -> Pane {
    let code = CodeView {
        cursor: model.cursor,
        pc: machine.context(model.thread).map(|ctx| ctx.pc),
        word: &|at| machine.word_at(at),
        place: &|at| machine.machine().place_of(at).map(|place| (place.name, place.offset)),
        is_stop: &|at| model.breakpoints.contains(&at),
    };
    code.pane(height)
}

fn side(model: &Model, machine: &Debugged<'_, '_>, height: usize) -> Pane {
    if SidePane::COMPILED.contains(&model.side) {
        let compiled = model.compiled.clone().unwrap_or_default();
        let lines = if model.side == SidePane::Clif { compiled.clif } else { compiled.host };
        let first = model.side_row.min(lines.len().saturating_sub(height));
        let rows =
            lines.iter().map(|line| PaneRow::plain(escaped_text(line, MAX_CODE_LINE_LENGTH))).collect();
        return Pane {
            title: format!("{} of the function", model.side.name()),
            rows,
            first,
            ..Pane::default()
        };
    }
    let Some(ctx) = machine.context(model.thread) else {
        return Pane { title: "registers".to_owned(), rows: vec![PaneRow::plain("none")], ..Pane::default() };
    };
    let before = model.before.as_ref().filter(|(thread, _)| *thread == model.thread);
    registers::pane(model.side, ctx, before.map_or(ctx, |(_, before)| before), model.side_row)
}

fn tab(model: &Model, machine: &Debugged<'_, '_>, height: usize) -> Pane {
    let row = model.row();
    match model.tab {
        Tab::Threads => {
            let report = machine.machine().threads_report();
            lists::threads(&report.threads, &machine.machine().thread_names(), model.thread, row)
        }
        Tab::Memory => memory::pane(model.memory, height, &|at, bytes| machine.read(at, bytes)),
        Tab::Stack => {
            let report = machine.machine().threads_report();
            lists::stack(report.threads.iter().find(|thread| thread.id == model.thread), row)
        }
        Tab::Objects => lists::objects(&machine.machine().objects(), row),
        Tab::Locks => lists::locks(&machine.machine().locks(), row),
        Tab::Files => lists::files(&machine.machine().files(), row),
        Tab::Gpu => lists::gpu(&machine.machine().gpu(), &machine.machine().display_mode(), row),
        Tab::Calls => lists::calls(&machine.machine().calls(), row),
        Tab::Text => {
            let (lines, dropped) = model.text.lock().kept();
            let title = match dropped {
                0 => "text".to_owned(),
                dropped => format!("text, {dropped} lines before are not kept"),
            };
            // The newest lines are shown until the user moves.
            let first = if row == 0 { usize::MAX } else { row };
            let rows = lines.into_iter().map(PaneRow::plain).collect();
            Pane { title, rows, first, ..Pane::default() }
        }
        Tab::Symbols => lists::symbols(&model.found, row),
    }
}
