//! Disc changes (`XamSwapDisc`): the disc in the drive and requests for another disc of the title.
//!
//! The next disc is mounted in place of the first, at `\Device\Cdrom0`. Open files keep reading the
//! disc that they were opened on; later look-ups use the new disc. The disc was prepared by flags,
//! or is named in the answer to a dialog. The call waits for that answer, so it has a fixed place
//! in a recorded run. If the answer names the wrong disc, or a disc of another title, the request
//! is repeated.

use crate::abi::WideText;
use crate::files::Files;
use crate::loader::Modules;
use crate::objects::dispatcher::Dispatcher;
use crate::ports::{DialogAnswer, DialogRequest, Disc, DiscId, Drive, TextRequest};
use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use xenia_guest::{GuestAddr, Win32Error};
use xenia_memory::GuestMemory;
use xenia_sched::Cpu;
use xenia_state::{Impossible, check};
use xenia_sync::Mutex;

/// Longest path in an answer, in UTF-16 units.
const MAX_PATH_UNITS: u32 = 1024;

/// A pending request for a disc.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AwaitedDisc {
    pub disc: DiscId,
    /// Event that is set once the disc is in the drive.
    pub event: Option<GuestAddr>,
    /// Message for a wrong disc: addresses of three texts, namely heading, message and button.
    pub message: Option<GuestAddr>,
}

/// Result of an answer to a disc request.
pub(crate) enum Inserted {
    /// The call ends with this code.
    Over(Win32Error),
    /// The request is repeated, with the reason for the refusal.
    Again(DialogRequest),
}

/// The disc drive: the running title's discs, and the file system that shows the inserted one.
#[derive(Clone, Copy)]
pub struct DiscDrive<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) dispatcher: &'k Dispatcher,
    /// Modules, the first of which is the title.
    pub(crate) modules: &'k Mutex<Modules>,
    pub(crate) files: &'k Mutex<Files>,
    pub(crate) drive: &'k Mutex<Box<dyn Drive>>,
}

impl DiscDrive<'_> {
    /// The title's disc with this number; `None` if the title has no such disc.
    pub fn disc_of_title(&self, number: u32) -> Option<DiscId> {
        let execution = self.modules.lock().title()?.execution?;
        let number =
            u8::try_from(number).ok().filter(|number| (1..=execution.disc_count).contains(number))?;
        Some(DiscId { title: execution.title_id, number })
    }

    /// Whether a disc is in the drive: the last one inserted, initially the disc the title was
    /// started from.
    pub fn is_in_drive(&self, disc: DiscId) -> bool {
        let inserted = self.files.lock().disc;
        let number = inserted.or_else(|| Some(self.modules.lock().title()?.execution?.disc_number));
        number == Some(disc.number)
    }

    /// Inserts a disc that was prepared; returns whether there was one.
    pub fn insert_ready(&self, disc: DiscId) -> bool {
        let ready = self.drive.lock().ready(disc);
        ready.is_some_and(|files| match self.mount_disc(disc, &files) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(target: "vfs", "disc {} can't be mounted: {error}", disc.number);
                false
            }
        })
    }

    /// Inserts the disc of a state, by its number there: a disc that has been in the drive, or a
    /// prepared one.
    ///
    /// # Errors
    /// The disc is neither, or cannot be mounted.
    pub(crate) fn insert_again(&self, number: Option<u8>) -> Result<(), Impossible> {
        let mut files = self.files.lock();
        if files.disc == number {
            return Ok(());
        }
        if let Some(contents) = files.discs.get(&number).cloned() {
            return files.insert_disc(number, &contents).map_err(|error| {
                let place = match &contents {
                    Disc::Folder(folder) => format!(" ({})", folder.display()),
                    Disc::Volume(_) => String::new(),
                };
                format!("the disc that was in the drive{place}: {error}").into()
            });
        }
        drop(files);
        let number = number.ok_or("another disc is in the drive")?;
        let disc = self.disc_of_title(number.into()).ok_or("the title has no such disc")?;
        check(
            self.insert_ready(disc),
            "the state needs another disc of the title, which the machine does not have",
        )
    }

    fn mount_disc(&self, disc: DiscId, contents: &Disc) -> Result<(), String> {
        self.files.lock().insert_disc(Some(disc.number), contents)?;
        tracing::info!(target: "vfs", "disc {} is in the drive", disc.number);
        Ok(())
    }

    /// Signals the title that the disc is in the drive.
    pub fn signal_disc_inserted(&self, cpu: &mut dyn Cpu, event: Option<GuestAddr>) -> Fallible<()> {
        if let Some(event) = event {
            self.dispatcher.set_event(self.memory, cpu, event, 1)?;
        }
        Ok(())
    }

    /// Handles the answer to a disc request.
    pub(crate) fn insert_answered(
        &self,
        cpu: &mut dyn Cpu,
        awaited: AwaitedDisc,
        answer: &DialogAnswer,
    ) -> Inserted {
        let number = awaited.disc.number;
        let place = match answer {
            DialogAnswer::Entered(place) if !place.is_empty() => place,
            _ => {
                tracing::warn!(target: "kernel", setting = "disc", "the title requested disc {number}, and got none");
                return Inserted::Over(Win32Error::CANCELLED);
            }
        };
        let found = self.drive.lock().insert(awaited.disc, place);
        match found.and_then(|contents| self.mount_disc(awaited.disc, &contents)) {
            Ok(()) => Inserted::Over(match self.signal_disc_inserted(cpu, awaited.event) {
                Ok(()) => Win32Error::SUCCESS,
                Err(failure) => {
                    tracing::debug!(target: "kernel", "the event of disc {number}: {failure}");
                    Win32Error::INVALID_PARAMETER
                }
            }),
            Err(reason) => {
                tracing::warn!(target: "kernel", "no disc {number}: {reason}");
                Inserted::Again(self.asks_again(awaited, place, &reason))
            }
        }
    }

    /// The request again, with the reason why the last answer was refused.
    fn asks_again(&self, awaited: AwaitedDisc, place: &str, reason: &str) -> DialogRequest {
        let string = |index: u32| -> Option<String> {
            let at: GuestAddr = self.memory.read(awaited.message?.offset(4 * index)).ok()?;
            let text = WideText(at).text(self.memory).ok().filter(|_| !at.is_null())?;
            Some(text).filter(|text| !text.is_empty())
        };
        let title = string(0).unwrap_or_else(|| heading(awaited.disc));
        let description = string(1).map_or_else(|| reason.to_owned(), |text| format!("{text}\n{reason}"));
        DialogRequest::Text(TextRequest {
            user: None,
            title,
            description,
            default: place.to_owned(),
            limit: MAX_PATH_UNITS,
        })
    }
}

fn heading(disc: DiscId) -> String {
    format!("Insert disc {}", disc.number)
}

/// Makes the dialog that asks for a disc.
pub fn request(disc: DiscId) -> DialogRequest {
    let description = "The path of its image or folder:".to_owned();
    let default = String::new();
    DialogRequest::Text(TextRequest {
        user: None,
        title: heading(disc),
        description,
        default,
        limit: MAX_PATH_UNITS,
    })
}
