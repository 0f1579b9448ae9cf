//! State of the open dialog. The port that shows it is a device of the host: it gets the request
//! again.

use super::{Dialog, DialogControl, DialogDue, OpenDialog, POLL_INTERVAL};
use crate::objects::check_thread;
use crate::ports::{DialogRequest, MessageBox};
use serde::{Deserialize, Serialize};
use xenia_guest::USERS;
use xenia_sched::GuestTicks;
use xenia_state::{Impossible, check, is_count};

/// Largest number of buttons: one for each number of users that can sign in.
const MAX_BUTTONS: usize = USERS as usize;

/// State of an [`OpenDialog`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OpenDialogState {
    open: Option<OpenState>,
    /// Guest time at which the user interface disappears.
    gone: Option<GuestTicks>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct OpenState {
    dialog: Dialog,
    /// Guest time of the next poll.
    due: GuestTicks,
}

impl DialogRequest {
    /// Checks a request that comes from a saved state: ports index its buttons.
    fn check_state(&self) -> Result<(), Impossible> {
        let user = match self {
            Self::Message(MessageBox { user, icon: _, title: _, text: _, buttons, focus }) => {
                check(buttons.len() <= MAX_BUTTONS, "a dialog has too many buttons")?;
                check((*focus as usize) < buttons.len(), "the focus of a dialog is on no button")?;
                user
            }
            Self::Text(text) => &text.user,
        };
        check(user.is_none_or(|user| user < USERS), "a dialog is for a user that does not exist")
    }
}

impl Dialog {
    fn check_state(&self) -> Result<(), Impossible> {
        // Addresses of the guest; a thread's id that does not exist counts as that of a thread that
        // has ended.
        let Self { request, action: _, thread_id: _, overlapped: _, waiter } = self;
        waiter.iter().copied().try_for_each(check_thread)?;
        request.check_state()
    }
}

impl OpenDialog {
    /// The dialog's state.
    pub(in crate::user) fn state(&self) -> OpenDialogState {
        let Self { dialog, due, gone } = self;
        let open = match due.get() {
            DialogDue::At(due) => dialog.lock().clone().map(|dialog| OpenState { dialog, due }),
            DialogDue::Answered | DialogDue::Closed => None,
        };
        OpenDialogState { open, gone: gone.get() }
    }

    /// Replaces the dialog by that of a state. The port shows it after [`DialogControl::show`].
    pub(in crate::user) fn restore(&self, state: OpenDialogState) -> Result<(), Impossible> {
        let OpenDialogState { open, gone } = state;
        if let Some(OpenState { dialog, due }) = &open {
            dialog.check_state()?;
            check(is_count(*due), "the poll of a dialog is too late")?;
        }
        check(gone.is_none_or(is_count), "the user interface disappears too late")?;
        check(open.is_none() || gone.is_none(), "the user interface disappears before its dialog")?;
        let due = open.as_ref().map_or(DialogDue::Closed, |open| DialogDue::At(open.due));
        *self.dialog.lock() = open.map(|open| open.dialog);
        self.due.set(due);
        self.gone.set(gone);
        Ok(())
    }
}

impl DialogControl<'_> {
    /// Shows the open dialog in the port, after a load of a state.
    pub(crate) fn show(&self) {
        let request = self.user.dialog.request();
        if let (Some(request), Some(due)) = (request, self.user.dialog.next_due()) {
            // The last moment at which the port was polled, or opened the dialog.
            self.port.lock().open(request, due.saturating_sub(POLL_INTERVAL));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::AnswerAction;
    use super::*;
    use crate::ports::{Icon, TextRequest};
    use xenia_guest::GuestAddr;
    use xenia_sched::ThreadRef;

    fn message(buttons: usize, focus: u32) -> DialogRequest {
        let title = "a title".to_owned();
        let text = "a text".to_owned();
        let buttons = vec!["OK".to_owned(); buttons];
        DialogRequest::Message(MessageBox { user: Some(3), icon: Icon::Alert, title, text, buttons, focus })
    }

    fn state(request: DialogRequest, hw_id: u8) -> OpenDialogState {
        let waiter = Some(ThreadRef { hw_id, generation: 1, idx: 7 });
        let action = AnswerAction::StoreWord { at: GuestAddr(4), word: 5 };
        let dialog = Dialog { request, action, thread_id: 9, overlapped: Some(GuestAddr(8)), waiter };
        OpenDialogState { open: Some(OpenState { dialog, due: 1234 }), gone: None }
    }

    #[test]
    fn a_restored_dialog_is_open_and_is_polled_when_it_was_due() {
        let dialog = OpenDialog::default();
        let saved = crate::kernel::round_trip(&state(message(2, 1), 5));
        dialog.restore(saved.clone()).expect("it can be");
        assert!(dialog.is_open());
        assert_eq!((dialog.request(), dialog.next_due()), (Some(message(2, 1)), Some(1234)));
        assert_eq!(format!("{:?}", dialog.state()), format!("{saved:?}"));
        let closing = crate::kernel::round_trip(&OpenDialogState { open: None, gone: Some(99) });
        dialog.restore(closing.clone()).expect("it can be");
        assert!(!dialog.is_open() && dialog.request().is_none());
        assert_eq!((dialog.is_shown(), dialog.next_due()), (true, Some(99)));
        assert_eq!(format!("{:?}", dialog.state()), format!("{closing:?}"));
        dialog.restore(OpenDialogState { open: None, gone: None }).expect("it can be");
        assert_eq!((dialog.is_shown(), dialog.next_due()), (false, None));
    }

    #[test]
    fn impossible_dialog_states_are_refused() {
        let text = TextRequest {
            user: Some(4),
            title: String::new(),
            description: String::new(),
            default: String::new(),
            limit: 5,
        };
        let requests = [
            (message(0, 0), 0),
            (message(5, 0), 0),
            (message(3, 3), 0),
            (DialogRequest::Text(text), 0),
            (message(1, 0), 6),
        ];
        for (request, hw_id) in requests {
            let state = state(request, hw_id);
            assert!(OpenDialog::default().restore(state.clone()).is_err(), "{state:?}");
        }
        let mut never = state(message(1, 0), 0);
        if let Some(open) = &mut never.open {
            open.due = GuestTicks::MAX - 1;
        }
        assert!(OpenDialog::default().restore(never).is_err());
        let both = OpenDialogState { gone: Some(5), ..state(message(1, 0), 0) };
        assert!(OpenDialog::default().restore(both).is_err());
        let late = OpenDialogState { open: None, gone: Some(GuestTicks::MAX) };
        assert!(OpenDialog::default().restore(late).is_err());
    }
}
