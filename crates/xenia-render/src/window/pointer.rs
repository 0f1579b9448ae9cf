//! The mouse's pointer over a title: hidden while it rests.

use std::time::Duration;

/// Time for which a pointer that does not move is shown.
const SHOWN_FOR: Duration = Duration::from_secs(3);

/// The pointer, by its last move.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RestingPointer {
    /// Time when it is hidden; `None`: it is.
    hidden_at: Option<Duration>,
}

impl RestingPointer {
    /// Notes a move. Returns whether the pointer was hidden.
    pub(super) fn note_move(&mut self, now: Duration) -> bool {
        self.hidden_at.replace(now + SHOWN_FOR).is_none()
    }

    /// Hides the pointer if it has rested long enough. Returns whether it was shown until now.
    pub(super) fn expire(&mut self, now: Duration) -> bool {
        self.hidden_at.take_if(|at| *at <= now).is_some()
    }

    /// Whether the pointer has moved lately.
    pub(super) fn is_shown(self) -> bool {
        self.hidden_at.is_some()
    }

    /// Time when it is hidden, if it is shown.
    pub(super) fn next_change(self) -> Option<Duration> {
        self.hidden_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_hidden_a_while_after_its_last_move() {
        let second = Duration::from_secs(1);
        let mut pointer = RestingPointer::default();
        assert!(!pointer.is_shown() && pointer.next_change().is_none());
        assert!(pointer.note_move(second) && !pointer.note_move(2 * second));
        assert!(!pointer.expire(4 * second) && pointer.is_shown(), "it has moved again");
        assert_eq!(pointer.next_change(), Some(5 * second));
        assert!(pointer.expire(5 * second) && !pointer.is_shown());
        assert!(!pointer.expire(9 * second) && pointer.note_move(9 * second));
    }
}
