//! The dialog that is on the screen: who has asked, what becomes of the answer, when it is looked
//! for.
//!
//! There is one at a time, as on the console. It stays for a field at least, and is looked at each
//! field of guest time: who shows it answers at one of these moments, so in lockstep an answer has
//! a place in the run. A title hears of it by its overlapped structure, or by the end of its call
//! if it gave none; meanwhile controllers are the dialog's and rest for the title.
//!
//! A dialog comes and goes under the listeners' lock, together with what listeners are told of it:
//! none hears that one is gone before that it is there, and who opens the next one as soon as its
//! wait is over finds the place free.

use super::notifications::{Notification, id};
use super::overlapped::{self, Completed};
use super::profile::USERS;
use crate::Kernel;
use crate::abi::{Call, Flow, WideText};
use crate::discs::{AwaitedDisc, Inserted};
use crate::ports::{DialogAnswer, DialogRequest};
use crate::status::failure::Fallible;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use xenia_guest::{GuestAddr, Win32Error};
use xenia_sched::{BlockReason, Cpu, GuestTicks, TICKS_PER_SECOND, ThreadRef, Wait};
use xenia_sync::{Level, Mutex};

/// Guest time between two looks for an answer: a field.
const LOOK: GuestTicks = TICKS_PER_SECOND / 60;
/// Nothing is due.
const NEVER: GuestTicks = GuestTicks::MAX;
/// The dialog was answered, and who waits for it is being told.
const ANSWERED: GuestTicks = NEVER - 1;

/// The most buttons of a message box.
pub const MESSAGE_BUTTONS: usize = 3;

/// What becomes of an answer.
#[derive(Clone, Copy, Debug)]
pub enum Then {
    /// The title's number of the button is stored.
    StoreButton {
        /// Where.
        result: GuestAddr,
        /// The numbers of the buttons that are shown.
        buttons: [Option<u32>; MESSAGE_BUTTONS],
    },
    /// Nothing that is entered is right.
    Refuse,
    /// The text is stored.
    StoreText {
        /// Where.
        buffer: GuestAddr,
        /// The longest, in UTF-16 units, without its end.
        limit: u32,
    },
    /// A number is stored, if a button was pressed.
    StoreWord {
        /// Where.
        at: GuestAddr,
        /// Which.
        word: u32,
    },
    /// The first users are signed in: as many as the button's index says, and one.
    SignIn,
    /// Nobody is, and who listens is told who is signed in.
    TellUsers,
    /// The disc at the place that is entered is put into the drive, or it is asked again.
    InsertDisc(AwaitedDisc),
    /// Nothing.
    Nothing,
}

/// Who hears of the end.
#[derive(Clone, Copy, Debug)]
pub enum Hears {
    /// Whoever looks at this overlapped structure.
    Overlapped(GuestAddr),
    /// The caller, which waits for it.
    Caller,
    /// Nobody but who listens to notifications: the call has returned.
    Nobody,
}

#[derive(Clone, Copy, Debug)]
struct Dialog {
    then: Then,
    thread_id: u32,
    overlapped: Option<GuestAddr>,
    waiter: Option<ThreadRef>,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct OpenDialog {
    dialog: Mutex<Option<Dialog>>,
    /// When it is looked at next; [`NEVER`] while there is none.
    due: AtomicU64,
}

impl Default for OpenDialog {
    fn default() -> Self {
        Self { dialog: Mutex::new(Level::Settings, None), due: AtomicU64::new(NEVER) }
    }
}

impl OpenDialog {
    /// Whether there is one. Takes no lock.
    pub fn is_open(&self) -> bool {
        self.due.load(Acquire) != NEVER
    }

    /// When it is looked at next.
    pub fn next_due(&self) -> Option<GuestTicks> {
        Some(self.due.load(Acquire)).filter(|due| *due < ANSWERED)
    }
}

impl Kernel {
    /// Opens a dialog, unless there is one already. What the call returns, and whether it does.
    pub(crate) fn open_dialog(
        call: &mut Call,
        request: DialogRequest,
        then: Then,
        hears: Hears,
    ) -> Fallible<Flow<Win32Error>> {
        let (kernel, now) = (call.kernel, call.now());
        let overlapped = if let Hears::Overlapped(at) = hears { Some(at) } else { None };
        let slot = &kernel.user.dialog;
        let told = {
            let _listeners = kernel.listeners.lock();
            if slot.is_open() {
                return Ok(Flow::Return(Win32Error::ACCESS_DENIED));
            }
            if let Some(at) = overlapped {
                overlapped::begin(call, at)?;
            }
            let mut waiter = None;
            if matches!(hears, Hears::Caller) {
                call.cpu.open_wait(call.thread(), false)?;
                waiter = Some(call.thread());
            }
            *slot.dialog.lock() = Some(Dialog { then, thread_id: call.thread_id(), overlapped, waiter });
            kernel.devices.dialogs.lock().open(request, now);
            slot.due.store(now.saturating_add(LOOK), Release);
            kernel.notify_locked(call.cpu, Notification { id: id::SYSTEM_UI, parameter: 1 })
        };
        if let Err(failure) = told {
            tracing::debug!(target: "kernel", "a dialog appears, but: {failure}");
        }
        call.cpu.time_has_more();
        Ok(match hears {
            Hears::Overlapped(_) => Flow::Return(Win32Error::IO_PENDING),
            Hears::Caller => Flow::Block(Wait::forever(BlockReason::Other("dialog"))),
            Hears::Nobody => Flow::Return(Win32Error::SUCCESS),
        })
    }

    /// Looks whether the dialog that is open was answered, if that is due.
    pub(crate) fn look_at_dialog(&self, cpu: &mut dyn Cpu) -> Fallible<()> {
        let (slot, now) = (&self.user.dialog, cpu.now());
        if slot.due.load(Acquire) > now {
            return Ok(());
        }
        let (dialog, answer) = {
            let _listeners = self.listeners.lock();
            if slot.due.load(Acquire) > now {
                return Ok(());
            }
            let Some(answer) = self.devices.dialogs.lock().answer(now) else {
                slot.due.store(now.saturating_add(LOOK), Release);
                return Ok(());
            };
            let dialog = slot.dialog.lock().take();
            slot.due.store(if dialog.is_some() { ANSWERED } else { NEVER }, Release);
            let Some(dialog) = dialog else { return Ok(()) };
            (dialog, answer)
        };
        tracing::info!(target: "kernel", "dialog: {:?} after {answer:?}", dialog.then);
        // Each of them is for somebody else.
        let inserted = match dialog.then {
            Then::InsertDisc(awaited) => Some(self.insert_answered(cpu, awaited, &answer)),
            _ => None,
        };
        let result = match inserted {
            Some(Inserted::Over(result)) => result,
            Some(Inserted::Again(request)) => {
                self.reopen(dialog, request, now);
                return Ok(());
            }
            None => self.carry_out_answer(cpu, dialog.then, &answer).unwrap_or(Win32Error::INVALID_PARAMETER),
        };
        let _listeners = self.listeners.lock();
        let told = match dialog.overlapped {
            Some(at) => {
                let completed = Completed::with(result);
                overlapped::finish_of(self, cpu, dialog.thread_id, at, completed.as_told())
            }
            None => Ok(()),
        };
        if let Some(thread) = dialog.waiter
            && let Err(error) = cpu.wake(thread, u64::from(result.0), 0)
        {
            tracing::debug!(target: "kernel", "who waited for a dialog is gone: {error}");
        }
        let gone = self.notify_locked(cpu, Notification { id: id::SYSTEM_UI, parameter: 0 });
        slot.due.store(NEVER, Release);
        told.and(gone)
    }

    /// The same dialog asks something else. It was on the screen all the while.
    fn reopen(&self, dialog: Dialog, request: DialogRequest, now: GuestTicks) {
        let _listeners = self.listeners.lock();
        *self.user.dialog.dialog.lock() = Some(dialog);
        self.devices.dialogs.lock().open(request, now);
        self.user.dialog.due.store(now.saturating_add(LOOK), Release);
    }

    fn carry_out_answer(&self, cpu: &mut dyn Cpu, then: Then, answer: &DialogAnswer) -> Fallible<Win32Error> {
        let memory = &self.memory;
        match (then, answer) {
            (Then::StoreButton { result, buttons }, DialogAnswer::Pressed(button)) => {
                match buttons.get(*button as usize) {
                    Some(Some(number)) => memory.write(result, *number)?,
                    _ => return Ok(Win32Error::CANCELLED),
                }
            }
            (Then::StoreText { buffer, limit }, DialogAnswer::Entered(text)) => {
                let units = text.encode_utf16().take(limit as usize).chain([0]);
                WideText(buffer).store(memory, units)?;
            }
            (Then::StoreWord { at, word }, DialogAnswer::Pressed(_)) => memory.write(at, word)?,
            (Then::SignIn | Then::TellUsers, answer) => {
                let users = match (then, answer) {
                    (Then::SignIn, DialogAnswer::Pressed(last)) => last.saturating_add(1),
                    _ => 0,
                };
                self.sign_in_first(users.min(USERS));
                let parameter = self.user.profiles.lock().mask();
                self.notify(cpu, Notification { id: id::SIGN_IN_CHANGED, parameter })?;
            }
            (Then::Nothing, _) => {}
            _ => return Ok(Win32Error::CANCELLED),
        }
        Ok(Win32Error::SUCCESS)
    }

    /// Signs somebody in at each of the first places that is free.
    fn sign_in_first(&self, users: u32) {
        let new: Vec<_> = {
            let mut profiles = self.user.profiles.lock();
            let free: Vec<u32> = (0..users).filter(|&user| profiles.get(user).is_none()).collect();
            free.into_iter().filter_map(|user| profiles.sign_in(user).cloned()).collect()
        };
        for profile in new {
            if let Err(error) = self.files.lock().packages.store.save_profile(&profile) {
                tracing::error!(target: "vfs", "the profile {} is not saved: {error}", profile.name());
            }
        }
    }
}
