//! The open system dialog: its caller, the use of its answer, and when it is polled.
//!
//! As on the console, one dialog is open at a time. It stays open for at least one field and is
//! polled each field of guest time. The front end answers at one of these moments, so in lockstep
//! an answer has a fixed place in the run. A title gets the answer from its overlapped
//! structure, or from the end of its call if it gave none. While a dialog is open, the title sees
//! its controllers at rest.
//!
//! The user interface disappears a tenth of a second after the answer, because titles wait for the
//! structure before they create the listener that must receive it. The next dialog can open before.
//!
//! A dialog opens and closes under the listeners' lock, together with its notifications. So no
//! listener is notified of the end before the beginning, and a thread whose wait has ended can open
//! the next dialog immediately.

mod due;
mod state;

pub(super) use state::OpenDialogState;

use super::User;
use super::gamer_data::GamerData;
use super::notifier::Notifier;
use super::overlapped::{self, Completed, OverlappedRequests};
use crate::abi::{Call, Flow, WideText};
use crate::discs::{AwaitedDisc, DiscDrive, Inserted};
use crate::files::Files;
use crate::ports::{Clock, DialogAnswer, DialogRequest, Dialogs};
use crate::status::failure::Fallible;
use due::{DialogDue, SharedDue, SharedTime};
use serde::{Deserialize, Serialize};
use xenia_guest::{GuestAddr, USERS, Win32Error, utf16};
use xenia_memory::GuestMemory;
use xenia_sched::{
    Alertable, BlockReason, Cpu, FIELDS_PER_SECOND, GuestTicks, TICKS_PER_SECOND, ThreadRef, Wait, WakeResult,
};
use xenia_sync::{Level, Mutex};
use xenia_user::notifications::{Notification, id};

/// Guest time between polls for an answer: one field.
const POLL_INTERVAL: GuestTicks = TICKS_PER_SECOND / FIELDS_PER_SECOND as u64;
/// Guest time from the end of a dialog to the end of the user interface.
const CLOSING: GuestTicks = TICKS_PER_SECOND / 10;

/// Maximum number of buttons of a message box.
pub const MAX_MESSAGE_BUTTONS: usize = 3;

/// Use of a dialog's answer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum AnswerAction {
    /// Stores the title's number of the button.
    StoreButton {
        /// Address of the stored number.
        result: GuestAddr,
        /// Title's numbers of the buttons that are shown.
        buttons: [Option<u32>; MAX_MESSAGE_BUTTONS],
    },
    /// Rejects any entered text.
    Refuse,
    /// Stores the entered text.
    StoreText {
        /// Address of the stored text.
        buffer: GuestAddr,
        /// Maximum length in UTF-16 units, without the terminator.
        limit: u32,
    },
    /// Stores a number, if a button was pressed.
    StoreWord {
        /// Address of the number.
        at: GuestAddr,
        /// Number to store.
        word: u32,
    },
    /// Signs in the first users, one more than the index of the button.
    SignIn,
    /// Signs no user in; notifies the listeners of the users that are signed in.
    TellUsers,
    /// Inserts the disc at the entered path, or asks again.
    InsertDisc(AwaitedDisc),
    /// Ignores the answer.
    Nothing,
}

/// Receiver of a dialog's result.
#[derive(Clone, Copy, Debug)]
pub enum AnswerRecipient {
    /// The overlapped structure at this address.
    Overlapped(GuestAddr),
    /// The caller, which waits.
    Caller,
    /// Only the notification listeners: the call has returned.
    Nobody,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Dialog {
    /// Contents, which the port shows.
    request: DialogRequest,
    action: AnswerAction,
    thread_id: u32,
    overlapped: Option<GuestAddr>,
    waiter: Option<ThreadRef>,
}

/// State of the open dialog (see [the module](self)).
#[derive(Debug)]
pub struct OpenDialog {
    dialog: Mutex<Option<Dialog>>,
    due: SharedDue,
    /// Guest time at which the user interface disappears after the last dialog, unless it has.
    gone: SharedTime,
}

impl Default for OpenDialog {
    fn default() -> Self {
        let dialog = Mutex::new(Level::Settings, None);
        Self { dialog, due: SharedDue::default(), gone: SharedTime::default() }
    }
}

impl OpenDialog {
    /// Returns whether a dialog is open. Takes no lock.
    pub fn is_open(&self) -> bool {
        self.due.get() != DialogDue::Closed
    }

    /// Returns whether the user interface is shown: a dialog is open, or listeners have not been
    /// notified of the end of the last one. Takes no lock.
    pub fn is_shown(&self) -> bool {
        self.is_open() || self.gone.get().is_some()
    }

    /// Returns a copy of the open dialog's contents, from which another port can show it.
    pub fn request(&self) -> Option<DialogRequest> {
        self.dialog.lock().as_ref().map(|dialog| dialog.request.clone())
    }

    /// Returns the guest time of the next poll, or of the end of the user interface.
    pub fn next_due(&self) -> Option<GuestTicks> {
        let due = if let DialogDue::At(due) = self.due.get() { Some(due) } else { None };
        due.into_iter().chain(self.gone.get()).min()
    }

    /// Ends the user interface, if it waits for that. Callers hold the listeners' lock.
    fn disappear(&self, cpu: &mut dyn Cpu, notifier: Notifier<'_>) -> Fallible<()> {
        if self.gone.take().is_none() {
            return Ok(());
        }
        notifier.notify_locked(cpu, Notification { id: id::SYSTEM_UI, parameter: 0 })
    }

    /// Notifies listeners that the user interface is shown, after notifying them of the end of the
    /// last one if that is pending. Callers hold the listeners' lock.
    fn appear(&self, cpu: &mut dyn Cpu, notifier: Notifier<'_>) -> Fallible<()> {
        let disappeared = self.disappear(cpu, notifier);
        let appeared = notifier.notify_locked(cpu, Notification { id: id::SYSTEM_UI, parameter: 1 });
        disappeared.and(appeared)
    }
}

/// Shows the user interface for a choice that is made without a dialog and is reported by an
/// overlapped structure: titles wait until it has appeared and disappeared.
pub fn flash(call: &mut Call) {
    let kernel = call.kernel;
    let slot = &kernel.user.dialog;
    let appeared = {
        let _listeners = kernel.listeners.lock();
        if slot.is_open() {
            return;
        }
        let appeared = slot.appear(call.cpu, kernel.notifier());
        slot.gone.set(Some(call.now().saturating_add(overlapped::DELAY + CLOSING)));
        appeared
    };
    if let Err(failure) = appeared {
        tracing::debug!(target: "kernel", "can't notify listeners of a choice: {failure}");
    }
    call.cpu.notify_time_keeper();
}

/// Opens a dialog, unless one is open. Returns the call's result, or makes the thread wait.
pub fn open(
    call: &mut Call,
    request: DialogRequest,
    action: AnswerAction,
    recipient: AnswerRecipient,
) -> Fallible<Flow<Win32Error>> {
    let kernel = call.kernel;
    let now = call.now();
    let overlapped = if let AnswerRecipient::Overlapped(at) = recipient { Some(at) } else { None };
    let slot = &kernel.user.dialog;
    let appeared = {
        let _listeners = kernel.listeners.lock();
        if slot.is_open() {
            return Ok(Flow::Return(Win32Error::ACCESS_DENIED));
        }
        if let Some(at) = overlapped {
            overlapped::begin(call, at)?;
        }
        let mut waiter = None;
        if matches!(recipient, AnswerRecipient::Caller) {
            call.cpu.open_wait(call.thread(), Alertable::No)?;
            waiter = Some(call.thread());
        }
        let thread_id = call.thread_id();
        *slot.dialog.lock() =
            Some(Dialog { request: request.clone(), action, thread_id, overlapped, waiter });
        kernel.devices.dialogs.lock().open(request, now);
        slot.due.set(DialogDue::At(now.saturating_add(POLL_INTERVAL)));
        slot.appear(call.cpu, kernel.notifier())
    };
    if let Err(failure) = appeared {
        tracing::debug!(target: "kernel", "can't notify listeners of a dialog: {failure}");
    }
    call.cpu.notify_time_keeper();
    Ok(match recipient {
        AnswerRecipient::Overlapped(_) => Flow::Return(Win32Error::IO_PENDING),
        AnswerRecipient::Caller => Flow::Block(Wait::forever(BlockReason::Dialog)),
        AnswerRecipient::Nobody => Flow::Return(Win32Error::SUCCESS),
    })
}

/// Closes the dialog that reports to an overlapped structure, if it is open; the structure's result
/// is that the dialog was cancelled. Returns whether it was open.
pub fn cancel(call: &mut Call, overlapped: GuestAddr) -> Fallible<bool> {
    let kernel = call.kernel;
    let control = kernel.dialogs();
    let slot = &kernel.user.dialog;
    let dialog = {
        let _listeners = control.notifier.lock();
        let dialog = slot.dialog.lock().take_if(|dialog| dialog.overlapped == Some(overlapped));
        let Some(dialog) = dialog else { return Ok(false) };
        // No poll takes an answer, and no other dialog opens, until the result is reported.
        slot.due.set(DialogDue::Answered);
        control.port.lock().withdraw();
        dialog
    };
    control.close(call.cpu, &dialog, Win32Error::CANCELLED)?;
    call.cpu.notify_time_keeper();
    Ok(true)
}

/// The open dialog, and all that an answer can change.
#[derive(Clone, Copy)]
pub struct DialogControl<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) user: &'k User,
    pub(crate) files: &'k Mutex<Files>,
    pub(crate) port: &'k Mutex<Box<dyn Dialogs>>,
    pub(crate) notifier: Notifier<'k>,
    pub(crate) drive: DiscDrive<'k>,
    pub(crate) overlapped: OverlappedRequests<'k>,
    pub(crate) gamer_data: GamerData<'k>,
    pub(crate) clock: Clock,
}

impl DialogControl<'_> {
    /// Polls the open dialog for an answer, if a poll is due, or ends the user interface after it.
    pub(crate) fn poll(&self, cpu: &mut dyn Cpu) -> Fallible<()> {
        let now = cpu.now();
        if self.user.dialog.next_due().is_none_or(|due| due > now) {
            return Ok(());
        }
        let Some((dialog, answer)) = self.take_answer(cpu, now)? else { return Ok(()) };
        tracing::info!(target: "kernel", "dialog: {:?} after {answer:?}", dialog.action);
        // `insert_answered` handles disc requests, `carry_out_answer` all others.
        let inserted = match dialog.action {
            AnswerAction::InsertDisc(awaited) => Some(self.drive.insert_answered(cpu, awaited, &answer)),
            _ => None,
        };
        let result = match inserted {
            Some(Inserted::Over(result)) => result,
            Some(Inserted::Again(request)) => {
                self.reopen(dialog, request, now);
                return Ok(());
            }
            None => self.carry_out_answer(cpu, dialog.action, &answer).unwrap_or_else(|failure| {
                tracing::debug!(target: "kernel", "dialog: {:?}: {failure}", dialog.action);
                Win32Error::INVALID_PARAMETER
            }),
        };
        self.close(cpu, &dialog, result)
    }

    /// Takes the open dialog and its answer, if there is one; otherwise sets the time of the next
    /// poll.
    fn take_answer(&self, cpu: &mut dyn Cpu, now: GuestTicks) -> Fallible<Option<(Dialog, DialogAnswer)>> {
        let slot = &self.user.dialog;
        let _listeners = self.notifier.lock();
        if slot.gone.get().is_some_and(|gone| gone <= now) {
            slot.disappear(cpu, self.notifier)?;
        }
        if !matches!(slot.due.get(), DialogDue::At(due) if due <= now) {
            return Ok(None);
        }
        let Some(answer) = self.port.lock().answer(now) else {
            slot.due.set(DialogDue::At(now.saturating_add(POLL_INTERVAL)));
            return Ok(None);
        };
        let dialog = slot.dialog.lock().take();
        slot.due.set(if dialog.is_some() { DialogDue::Answered } else { DialogDue::Closed });
        Ok(dialog.map(|dialog| (dialog, answer)))
    }

    /// Reports the result of an answered or cancelled dialog, which disappears a little later.
    fn close(&self, cpu: &mut dyn Cpu, dialog: &Dialog, result: Win32Error) -> Fallible<()> {
        let slot = &self.user.dialog;
        let _listeners = self.notifier.lock();
        let completed = match dialog.overlapped {
            Some(at) => {
                let fields = Completed::with(result).to_fields();
                self.overlapped.finish(cpu, dialog.thread_id, at, fields)
            }
            None => Ok(()),
        };
        slot.gone.set(Some(cpu.now().saturating_add(CLOSING)));
        let gone = match dialog.waiter {
            Some(thread) => {
                if let Err(error) = cpu.wake(thread, WakeResult::unboosted(result.0.into())) {
                    tracing::debug!(target: "kernel", "the thread waiting for a dialog no longer exists: {error}");
                }
                // A call that waits returns after the user interface has disappeared.
                slot.disappear(cpu, self.notifier)
            }
            None => Ok(()),
        };
        slot.due.set(DialogDue::Closed);
        completed.and(gone)
    }

    /// Asks again in the open dialog, which was on the screen all the time.
    fn reopen(&self, dialog: Dialog, request: DialogRequest, now: GuestTicks) {
        let _listeners = self.notifier.lock();
        *self.user.dialog.dialog.lock() = Some(Dialog { request: request.clone(), ..dialog });
        self.port.lock().open(request, now);
        self.user.dialog.due.set(DialogDue::At(now.saturating_add(POLL_INTERVAL)));
    }

    fn carry_out_answer(
        &self,
        cpu: &mut dyn Cpu,
        action: AnswerAction,
        answer: &DialogAnswer,
    ) -> Fallible<Win32Error> {
        let memory = self.memory;
        match (action, answer) {
            (AnswerAction::StoreButton { result, buttons }, DialogAnswer::Pressed(button)) => {
                match buttons.get(*button as usize) {
                    Some(Some(number)) => memory.write(result, *number)?,
                    _ => return Ok(Win32Error::CANCELLED),
                }
            }
            (AnswerAction::StoreText { buffer, limit }, DialogAnswer::Entered(text)) => {
                let units = utf16::fitting(text, limit as usize);
                WideText(buffer).store(memory, units.into_iter().chain([0]))?;
            }
            (AnswerAction::StoreWord { at, word }, DialogAnswer::Pressed(_)) => memory.write(at, word)?,
            (AnswerAction::SignIn | AnswerAction::TellUsers, answer) => {
                let users = match (action, answer) {
                    (AnswerAction::SignIn, DialogAnswer::Pressed(last)) => last.saturating_add(1),
                    _ => 0,
                };
                let before = self.user.profiles.lock().mask();
                self.sign_in_first(users.min(USERS));
                let parameter = self.user.profiles.lock().mask();
                self.gamer_data.note_players(parameter & !before, self.clock.system_time(cpu.now()));
                self.notifier.notify(cpu, Notification { id: id::SIGN_IN_CHANGED, parameter })?;
            }
            (AnswerAction::Nothing, _) => {}
            _ => return Ok(Win32Error::CANCELLED),
        }
        Ok(Win32Error::SUCCESS)
    }

    /// Signs a profile in at each free place among the first `users`.
    fn sign_in_first(&self, users: u32) {
        let new: Vec<_> = {
            let mut profiles = self.user.profiles.lock();
            let free: Vec<u32> = (0..users).filter(|&user| profiles.get(user).is_none()).collect();
            free.into_iter().filter_map(|user| profiles.sign_in(user).cloned()).collect()
        };
        for profile in new {
            if let Err(error) = self.files.lock().packages.store.save_profile(&profile) {
                tracing::error!(target: "vfs", "can't save profile {}: {error}", profile.name());
            }
        }
    }
}
