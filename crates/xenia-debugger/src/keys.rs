//! Keys, and what they mean in each state of the model.
//!
//! A key changes the model alone. A request to the machine is returned as [`Asked`], and is carried
//! out like a typed command.

use crate::command::{self, DebugCommand, ThreadChoice};
use crate::host_key::HostKey;
use crate::model::{Focus, Model, SidePane, Tab};
use anyhow::Result;
use crossterm::event::KeyCode;
use xenia_cpu::WatchedAccess;

/// Rows that PageUp and PageDown move by.
const PAGE: i32 = 16;
/// Length in bytes at which a typed line takes no more letters.
const MAX_TYPED: usize = 400;

/// Request of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing beyond the change of the model.
    Nothing,
    /// A command of the table.
    Command(DebugCommand),
    /// The line of a command.
    Line(String),
    /// Follows the selection in the lower pane, or the branch at the cursor.
    Follow,
}

/// Applies a key to the model, and returns the request to the machine, if any.
pub fn press(model: &mut Model, key: HostKey) -> Asked {
    if model.input.is_some() {
        return edit_line(model, key);
    }
    if model.shows_help {
        model.shows_help = false;
        return Asked::Nothing;
    }
    if model.asked.is_some() {
        return Asked::Command(if key == KeyCode::Char('y') { DebugCommand::Yes } else { DebugCommand::No });
    }
    let memory = format!("{:#x}", model.memory);
    Asked::Command(match key {
        KeyCode::Char('s') => DebugCommand::Step(1),
        KeyCode::Char('n') => DebugCommand::Next,
        KeyCode::Char('o') => DebugCommand::Finish,
        KeyCode::Char('c') => DebugCommand::Continue,
        KeyCode::Char('u') => DebugCommand::Until(None),
        KeyCode::Char('S') => DebugCommand::Back(1),
        KeyCode::Char('C') => DebugCommand::BackContinue,
        KeyCode::Char('b') => DebugCommand::Break(None),
        KeyCode::Char('W') => DebugCommand::Watch { place: memory, size: 4, access: WatchedAccess::Change },
        KeyCode::Char('l') => DebugCommand::LastWriter { place: memory, size: 4 },
        KeyCode::Char('t') => DebugCommand::Thread(ThreadChoice::Following),
        KeyCode::Char('T') => DebugCommand::Thread(ThreadChoice::Preceding),
        KeyCode::Char('.') => DebugCommand::Code("pc".to_owned()),
        KeyCode::Char('w') => DebugCommand::Write(!model.is_writable),
        KeyCode::Char('?') => DebugCommand::Help,
        KeyCode::Char('q') => DebugCommand::Quit,
        KeyCode::Esc => DebugCommand::No,
        KeyCode::Char('r') => DebugCommand::Side(following(model.side, &SidePane::REGISTERS)),
        KeyCode::Char('x') => DebugCommand::Side(following(model.side, &SidePane::COMPILED)),
        KeyCode::Char(digit @ '0'..='9') => {
            let index = (digit as usize + 9 - '0' as usize) % 10;
            DebugCommand::Tab(Tab::ALL[index])
        }
        KeyCode::Enter => return Asked::Follow,
        other => {
            move_or_begin(model, other);
            return Asked::Nothing;
        }
    })
}

/// Edits the line of a command that is being typed.
fn edit_line(model: &mut Model, key: HostKey) -> Asked {
    let Some(line) = &mut model.input else { return Asked::Nothing };
    match key {
        KeyCode::Char(c) if line.len() < MAX_TYPED => line.push(c),
        KeyCode::Backspace if line.is_empty() => model.input = None,
        KeyCode::Backspace => drop(line.pop()),
        KeyCode::Enter => return Asked::Line(model.input.take().unwrap_or_default()),
        KeyCode::Esc => model.input = None,
        _ => {}
    }
    Asked::Nothing
}

/// Moves in the model or begins the line of a command, for keys that make no request to the
/// machine.
fn move_or_begin(model: &mut Model, key: HostKey) {
    match key {
        KeyCode::Tab => model.focus = following(model.focus, &[Focus::Code, Focus::Side, Focus::Tab]),
        KeyCode::Up | KeyCode::Char('k') => model.move_by(-1),
        KeyCode::Down | KeyCode::Char('j') => model.move_by(1),
        KeyCode::PageUp => model.move_by(-PAGE),
        KeyCode::PageDown => model.move_by(PAGE),
        KeyCode::Char(':') => model.input = Some(String::new()),
        KeyCode::Char('/') => model.input = Some("find ".to_owned()),
        KeyCode::Char('g') => model.input = Some("goto ".to_owned()),
        KeyCode::Char('m') => model.input = Some("memory ".to_owned()),
        KeyCode::Char('a') => model.input = Some("code ".to_owned()),
        _ => "this key does nothing: ? shows all".clone_into(&mut model.message),
    }
}

/// The one after `now` in a circle, or the first one if `now` is none of them.
fn following<T: Copy + PartialEq>(now: T, all: &[T]) -> T {
    let index = all.iter().position(|&one| one == now);
    all[index.map_or(0, |index| (index + 1) % all.len())]
}

/// The command that a key requests, if any.
///
/// # Errors
/// The line is not a command.
pub fn command_of(asked: Asked) -> Result<Option<DebugCommand>> {
    Ok(match asked {
        Asked::Command(command) => Some(command),
        Asked::Line(line) if line.trim().is_empty() => None,
        Asked::Line(line) => Some(command::parse(&line)?),
        Asked::Nothing | Asked::Follow => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::COMMANDS;
    use crate::host_key::parse_key;

    #[test]
    fn every_key_of_the_table_does_something() {
        for word in COMMANDS.iter().flat_map(|row| row.keys.split(' ')).filter(|keys| !keys.is_empty()) {
            let word = if word == "1-9" { "5" } else { word };
            let mut model = Model::default();
            if word == "y" {
                model.asked = Some(crate::model::AskedChange::Memory { at: 0, bytes: Vec::new() });
            }
            let asked = press(&mut model, parse_key(word).unwrap());
            assert!(asked != Asked::Nothing || model.input.is_some(), "{word}");
        }
    }

    #[test]
    fn a_line_is_typed_and_corrected() {
        let mut model = Model::default();
        for word in [":", "g", "o", "t", "u", "Backspace", "o", "Space", "7"] {
            assert_eq!(press(&mut model, parse_key(word).unwrap()), Asked::Nothing);
        }
        let asked = press(&mut model, KeyCode::Enter);
        assert_eq!(asked, Asked::Line("goto 7".to_owned()));
        assert_eq!(command_of(asked).unwrap(), Some(DebugCommand::Goto(7)));
        press(&mut model, KeyCode::Char(':'));
        press(&mut model, KeyCode::Esc);
        assert_eq!(model.input, None);
    }

    #[test]
    fn arrows_move_in_the_pane_that_has_the_focus() {
        let mut model = Model { cursor: 0x100, memory: 0x200, tab: Tab::Memory, ..Model::default() };
        press(&mut model, KeyCode::Down);
        assert_eq!((model.cursor, model.memory), (0x104, 0x200));
        press(&mut model, KeyCode::Tab);
        press(&mut model, KeyCode::Down);
        press(&mut model, KeyCode::Tab);
        press(&mut model, KeyCode::Up);
        assert_eq!((model.cursor, model.side_row, model.memory), (0x104, 1, 0x1F0));
        model.tab = Tab::Threads;
        press(&mut model, KeyCode::Up);
        assert_eq!(model.row(), 0, "there is no row before the first");
    }
}
