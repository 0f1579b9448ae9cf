//! Messages to the console's applications (`XMsg*`), which the libraries linked into titles use
//! instead of exports. Each message has a row in a table, as exports have.
//!
//! A message has a number, whose upper half is the application, and two words, of which the first
//! is mostly the address of a buffer. The answer is an `HRESULT`. Messages that need the online
//! service fail as on a console that is not connected.

mod achievements;
mod games;
mod online;
mod player;
mod presence;
pub(crate) mod sessions;
mod system;

use crate::abi::Call;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, GuestValue, HResult, Win32Error};
use xenia_imports::Status;
use xenia_memory::MemoryFault;

/// The two arguments of a message.
#[derive(Clone, Copy, Debug)]
pub struct MessageWords {
    /// Usually the address of a buffer.
    pub first: u32,
    /// Usually the buffer's size; titles also leave it 0.
    pub second: u32,
}

impl MessageWords {
    /// Reads a field of the buffer.
    fn field<T: GuestValue>(self, call: &Call, offset: u32) -> Result<T, MemoryFault> {
        call.memory().read(GuestAddr(self.first).offset(offset))
    }

    /// Reads an address field of the buffer; `None` for null.
    fn pointer(self, call: &Call, offset: u32) -> Result<Option<GuestAddr>, MemoryFault> {
        let address: GuestAddr = self.field(call, offset)?;
        Ok(Some(address).filter(|address| !address.is_null()))
    }
}

/// Handler of a message.
type Answer = fn(&mut Call, MessageWords) -> Fallible<HResult>;

/// Description and handler of a message.
pub struct Message {
    pub number: u32,
    /// Name in titles' sources.
    pub name: &'static str,
    /// How complete the implementation is.
    pub status: Status,
    /// Documentation for the table of messages.
    pub doc: &'static str,
    answer: Answer,
}

/// An application and its messages.
pub struct Application {
    pub id: u32,
    /// Short description in the table of messages.
    pub name: &'static str,
    /// Sorted by number.
    pub messages: &'static [Message],
}

macro_rules! messages {
    ($($(#[doc = $doc:literal])+ $status:ident $number:tt $name:ident = $answer:expr;)*) => {
        &[$($crate::messages::Message {
            number: $number,
            name: stringify!($name),
            status: xenia_imports::Status::$status,
            doc: concat!($($doc, " "),+),
            answer: $answer,
        }),*]
    };
}
use messages;

/// Id of the application for games.
pub(crate) const GAMES_APPLICATION: u32 = 0xFB;
/// Id of the system's application.
pub(crate) const SYSTEM_APPLICATION: u32 = 0xFE;
/// Messages that return the next package of a list of titles' content, and that close the list.
pub(crate) const ENUMERATE_CROSS_TITLE: u32 = 0x2_000E;
pub(crate) const CLOSE_CROSS_TITLE: u32 = 0x2_0010;
/// Device type of the hard disk.
pub(crate) const TYPE_HARD_DISK: u32 = 1;
/// Device type of the disc drive.
pub(crate) const TYPE_DISC: u32 = 4;

/// All applications that titles send messages to.
pub const APPLICATIONS: &[Application] = &[
    Application { id: 0xFA, name: "music player", messages: player::MESSAGES },
    Application { id: GAMES_APPLICATION, name: "games (XGI)", messages: games::MESSAGES },
    Application { id: 0xFC, name: "online service", messages: online::MESSAGES },
    Application { id: SYSTEM_APPLICATION, name: "system (XAM)", messages: system::MESSAGES },
];

/// `XONLINE_E_LOGON_NOT_LOGGED_ON`: no user is logged on to the online service.
pub(crate) const NOT_LOGGED_ON: HResult = HResult(0x8015_1802);

/// Handles a message to an application.
pub fn answer(call: &mut Call, application: u32, number: u32, words: MessageWords) -> Fallible<HResult> {
    let Some(found) = APPLICATIONS.iter().find(|found| found.id == application) else {
        call.set_last_error(Win32Error::NOT_FOUND)?;
        return Ok(HResult::INVALID_ARGUMENT);
    };
    if let Ok(index) = found.messages.binary_search_by_key(&number, |message| message.number) {
        let message = &found.messages[index];
        let result = (message.answer)(call, words)?;
        tracing::debug!(target: "kernel", "message {} to {}: {result:?}", message.name, found.name);
        return Ok(result);
    }
    if call.kernel.user.unknown_messages.lock().note(application, number) {
        tracing::warn!(target: "kernel", "message {number:#x} to {} is not implemented", found.name);
    }
    Ok(HResult::FAIL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_in_order_and_documented() {
        for Application { name, messages, .. } in APPLICATIONS {
            assert!(!messages.is_empty(), "{name}");
            assert!(messages.is_sorted_by(|a, b| a.number < b.number), "{name}");
            for message in *messages {
                assert!(
                    message.doc.trim().ends_with('.') && message.doc.trim().starts_with(char::is_uppercase),
                    "{}",
                    message.name
                );
                assert_ne!(message.status, Status::Missing);
            }
        }
        assert!(APPLICATIONS.is_sorted_by(|a, b| a.id < b.id));
    }
}
