//! Model of an open dialog: its choice and text, and its reaction to keys and buttons.
//!
//! Text is typed on the host's keyboard, or composed with a pad from a grid of letters. A title's
//! texts may have any length; they are cut to the room available.

use xenia_kernel::ports::{DialogAnswer, DialogRequest, MessageBox, TextRequest};
use xenia_render::{ConsoleDialog, DialogChoice, DialogPick};

/// A key or button, by its function in dialogs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Press {
    Up,
    Down,
    Left,
    Right,
    /// A, or Enter: activates the focused element.
    Accept,
    /// B, or Escape: cancels the dialog.
    Cancel,
    /// Start, or Enter during text entry: finishes the text.
    Finish,
    /// X, or Backspace: erases a letter.
    Erase,
    /// Y: toggles between capital and small letters.
    Shift,
    /// A letter typed on the keyboard.
    Type(char),
}

/// Letters in a line, and largest number of lines of a title's text.
const COLUMNS: usize = 56;
const ROWS: usize = 12;
/// Letters that a pad can enter; the last one is a space.
const GRID: [&str; 4] = ["abcdefghijklm", "nopqrstuvwxyz", "0123456789.-_", "@!?&'+#/:(), "];
const GRID_WIDTH: usize = 13;
/// How a text is entered.
const TEXT_KEYS: [&str; 2] = [
    "Type, Enter takes it, Escape leaves",
    "On a pad: A writes, X erases, Y capitals, Start takes it, B leaves",
];

/// An open dialog: its focus, its text so far and its answer.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    request: DialogRequest,
    /// Index of the focused button.
    focus: usize,
    text: String,
    /// Row and column of the selected letter.
    letter: (usize, usize),
    capitals: bool,
    answer: Option<DialogAnswer>,
}

impl Panel {
    /// Opens a dialog.
    pub(super) fn new(request: DialogRequest) -> Self {
        let (focus, text) = match &request {
            DialogRequest::Message(message) => (message.focus as usize, String::new()),
            DialogRequest::Text(text) => (0, text.default.clone()),
        };
        Self { request, focus, text, letter: (0, 0), capitals: false, answer: None }
    }

    /// Whether the dialog asks for text.
    pub(super) fn wants_text(&self) -> bool {
        matches!(self.request, DialogRequest::Text(_))
    }

    /// The answer, once there is one; the dialog is closed then.
    pub(super) fn take_answer(&mut self) -> Option<DialogAnswer> {
        self.answer.take()
    }

    /// Handles a key or button.
    pub(super) fn press(&mut self, press: Press) {
        if press == Press::Cancel {
            self.answer = Some(DialogAnswer::Left);
            return;
        }
        match self.request.clone() {
            DialogRequest::Message(message) => self.press_in_message(&message, press),
            DialogRequest::Text(text) => self.press_in_text(&text, press),
        }
    }

    /// Handles a click, which may refer to a dialog that was shown before this one.
    pub(super) fn pick(&mut self, pick: DialogPick) {
        let press = match (&self.request, pick) {
            (_, DialogPick::Leave) => Press::Cancel,
            (DialogRequest::Message(message), DialogPick::Button(index)) if index < message.buttons.len() => {
                self.focus = index;
                Press::Accept
            }
            (DialogRequest::Text(_), DialogPick::Letter(row, column))
                if row < GRID.len() && column < GRID_WIDTH =>
            {
                self.letter = (row, column);
                Press::Accept
            }
            (DialogRequest::Text(_), DialogPick::Capitals) => Press::Shift,
            (DialogRequest::Text(_), DialogPick::Erase) => Press::Erase,
            (DialogRequest::Text(_), DialogPick::Finish) => Press::Finish,
            (DialogRequest::Message(_) | DialogRequest::Text(_), _) => return,
        };
        self.press(press);
    }

    fn press_in_message(&mut self, message: &MessageBox, press: Press) {
        let last = message.buttons.len().saturating_sub(1);
        match press {
            Press::Left | Press::Up => self.focus = self.focus.checked_sub(1).unwrap_or(last),
            Press::Right | Press::Down => self.focus = if self.focus >= last { 0 } else { self.focus + 1 },
            Press::Accept | Press::Finish => self.answer = Some(DialogAnswer::Pressed(self.focus as u32)),
            Press::Cancel | Press::Erase | Press::Shift | Press::Type(_) => {}
        }
    }

    fn press_in_text(&mut self, request: &TextRequest, press: Press) {
        let (row, column) = &mut self.letter;
        match press {
            Press::Up => *row = (*row + GRID.len() - 1) % GRID.len(),
            Press::Down => *row = (*row + 1) % GRID.len(),
            Press::Left => *column = (*column + GRID_WIDTH - 1) % GRID_WIDTH,
            Press::Right => *column = (*column + 1) % GRID_WIDTH,
            Press::Accept => {
                let letter = self.chosen();
                self.type_in(request, letter);
            }
            Press::Type(letter) => self.type_in(request, letter),
            Press::Erase => drop(self.text.pop()),
            Press::Shift => self.capitals = !self.capitals,
            Press::Finish => self.answer = Some(DialogAnswer::Entered(self.text.clone())),
            Press::Cancel => {}
        }
    }

    /// The letter selected for a pad.
    fn chosen(&self) -> char {
        self.cased(GRID[self.letter.0].chars().nth(self.letter.1).unwrap_or(' '))
    }

    fn type_in(&mut self, request: &TextRequest, letter: char) {
        let units = self.text.encode_utf16().count() + letter.len_utf16();
        if !letter.is_control() && units <= request.limit as usize {
            self.text.push(letter);
        }
    }

    /// The contents of the dialog for display.
    pub(super) fn view(&self) -> ConsoleDialog {
        match &self.request {
            DialogRequest::Message(message) => ConsoleDialog {
                title: line_of(&message.title),
                text: wrapped(&message.text),
                choice: DialogChoice::Buttons {
                    labels: message.buttons.iter().map(|label| line_of(label)).collect(),
                    chosen: self.focus,
                },
                keys: vec!["Arrows choose, A or Enter takes, B or Escape leaves".to_owned()],
            },
            DialogRequest::Text(request) => ConsoleDialog {
                title: line_of(&request.title),
                text: wrapped(&request.description),
                choice: DialogChoice::Letters {
                    typed: self.end_of_text(),
                    rows: GRID
                        .map(|letters| letters.chars().map(|letter| self.cased(letter)).collect())
                        .to_vec(),
                    chosen: self.letter,
                },
                keys: TEXT_KEYS.map(str::to_owned).to_vec(),
            },
        }
    }

    /// The end of the text, as far as it fits in a line.
    fn end_of_text(&self) -> String {
        let length = self.text.chars().count();
        let end: String = self.text.chars().skip(length.saturating_sub(COLUMNS - 4)).collect();
        printable(&end)
    }

    fn cased(&self, letter: char) -> char {
        if self.capitals { letter.to_ascii_uppercase() } else { letter }
    }
}

/// Replaces letters that cannot be drawn; line breaks too, so that a title's text cannot imitate
/// other lines.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Cuts a text to one line.
fn line_of(text: &str) -> String {
    let cut: String = text.chars().take(COLUMNS - 8).collect();
    printable(&cut)
}

/// Cuts a word to the length of a line.
fn shortened(word: &str) -> String {
    if word.chars().nth(COLUMNS).is_none() {
        return printable(word);
    }
    printable(&word.chars().take(COLUMNS - 3).collect::<String>()) + "..."
}

/// A text wrapped into lines; one that does not fit ends in an ellipsis.
fn wrapped(text: &str) -> Vec<String> {
    let mut body = Vec::new();
    'text: for line in text.lines() {
        let mut words = line.split(' ').peekable();
        let mut current = String::new();
        while let Some(word) = words.next() {
            let mut word = shortened(word);
            if !current.is_empty() && current.chars().count() + 1 + word.chars().count() > COLUMNS {
                body.push(std::mem::take(&mut current));
            } else if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(&std::mem::take(&mut word));
            if body.len() > ROWS {
                break 'text;
            }
            if words.peek().is_none() {
                break;
            }
        }
        body.push(current);
        if body.len() > ROWS {
            break;
        }
    }
    if body.len() > ROWS {
        body.truncate(ROWS);
        body.push("...".to_owned());
    }
    body
}

#[cfg(test)]
mod tests {
    use super::super::tests::{message, text};
    use super::*;

    fn pressed(request: DialogRequest, presses: &[Press]) -> (Option<DialogAnswer>, ConsoleDialog) {
        let mut panel = Panel::new(request);
        for &press in presses {
            panel.press(press);
        }
        let view = panel.view();
        (panel.take_answer(), view)
    }

    #[test]
    fn a_message_returns_the_pressed_button_or_is_left() {
        use Press::{Accept, Cancel, Down, Finish, Left, Right, Type};
        for (presses, answer) in [
            (&[][..], None),
            (&[Accept], Some(DialogAnswer::Pressed(1))),
            (&[Left, Finish], Some(DialogAnswer::Pressed(0))),
            (&[Right, Accept], Some(DialogAnswer::Pressed(0))),
            (&[Down, Down, Type('x'), Accept], Some(DialogAnswer::Pressed(1))),
            (&[Cancel], Some(DialogAnswer::Left)),
        ] {
            assert_eq!(pressed(message(), presses).0, answer, "{presses:?}");
        }
        let (_, view) = pressed(message(), &[]);
        let labels = ["Retry", "Quit"].map(str::to_owned).to_vec();
        assert_eq!(view.choice, DialogChoice::Buttons { labels, chosen: 1 });
        assert!(!view.text.is_empty() && view.text.iter().all(|line| !line.contains('\x1b')), "{view:?}");
    }

    #[test]
    fn text_is_typed_or_chosen_up_to_its_limit() {
        use Press::{Accept, Down, Erase, Finish, Right, Shift, Type};
        for (presses, entered) in [
            (&[Finish][..], "Player"),
            (&[Type('!'), Type('\x08'), Type('ü'), Type('x'), Finish], "Player!ü"),
            (&[Erase, Erase, Down, Right, Accept, Shift, Accept, Finish], "PlayoO"),
            (&[Erase; 9], ""),
        ] {
            let mut presses = presses.to_vec();
            presses.push(Finish);
            assert_eq!(
                pressed(text(), &presses).0,
                Some(DialogAnswer::Entered(entered.to_owned())),
                "{presses:?}"
            );
        }
        // One UTF-16 unit is left, but this letter needs two.
        assert_eq!(
            pressed(text(), &[Type('1'), Type('😀'), Finish]).0,
            Some(DialogAnswer::Entered("Player1".to_owned()))
        );
        let (_, view) = pressed(text(), &[Down, Shift]);
        let DialogChoice::Letters { typed, rows, chosen } = view.choice else { panic!("{view:?}") };
        assert_eq!((typed.as_str(), chosen, rows[1][0]), ("Player", (1, 0), 'N'));
    }

    #[test]
    fn only_clicks_that_fit_the_dialog_act() {
        use DialogPick::{Button, Capitals, Erase, Finish, Leave, Letter};
        let entered = |text: &str| Some(DialogAnswer::Entered(text.to_owned()));
        for (request, picks, answer) in [
            (message(), &[Button(0)][..], Some(DialogAnswer::Pressed(0))),
            (message(), &[Button(2), Letter(0, 0), Finish, Capitals, Erase], None),
            (message(), &[Leave], Some(DialogAnswer::Left)),
            (text(), &[Erase, Capitals, Letter(1, 1), Finish], entered("PlayeO")),
            (text(), &[Letter(4, 0), Letter(0, 13), Button(0)], None),
            (text(), &[Leave], Some(DialogAnswer::Left)),
        ] {
            let mut panel = Panel::new(request);
            for &pick in picks {
                panel.pick(pick);
            }
            assert_eq!(panel.take_answer(), answer, "{picks:?}");
        }
    }

    #[test]
    fn long_dialog_texts_leave_room_for_buttons() {
        let DialogRequest::Message(plain) = message() else { panic!() };
        for text in ["word ".repeat(20_000), "x".repeat(60_000), "a\n".repeat(9_000)] {
            let long =
                MessageBox { title: text.clone(), text: text.clone(), buttons: vec![text], ..plain.clone() };
            let view = Panel::new(DialogRequest::Message(long)).view();
            let DialogChoice::Buttons { labels, .. } = &view.choice else { panic!("{view:?}") };
            let lines: Vec<&String> = view.text.iter().chain(labels).chain([&view.title]).collect();
            assert!(lines.len() < ROWS + 10 && lines.iter().all(|line| line.chars().count() <= COLUMNS + 2));
            assert!(view.text.iter().any(|line| line.contains("...")) && !labels[0].is_empty());
        }
    }
}
