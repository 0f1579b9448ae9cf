//! Messages to the console's applications (`XMsg*`): what titles' own libraries ask for in that
//! way. A row each, as exports have.
//!
//! A message has a number, of which the upper half says whose it is, and two words; the first is
//! mostly the address of a buffer. Its answer is an `HRESULT`. What needs the online service fails
//! as on a console that is not connected.

mod achievements;
mod games;
mod online;
mod player;
mod presence;
pub(crate) mod sessions;
mod system;

pub use presence::Presence;

use crate::abi::Call;
use crate::imports::Status;
use crate::status::failure::Fallible;
use std::collections::BTreeSet;
use xenia_guest::{GuestAddr, GuestValue, HResult};
use xenia_memory::MemoryFault;

/// What a message says.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// Mostly the address of a buffer.
    pub first: u32,
    /// Mostly the buffer's size; titles also leave it 0.
    pub second: u32,
}

impl Words {
    /// A field of the buffer.
    fn field<T: GuestValue>(self, call: &Call, offset: u32) -> Result<T, MemoryFault> {
        call.memory().read(GuestAddr(self.first).offset(offset))
    }

    /// A field of the buffer that is an address; `None` for null.
    fn pointer(self, call: &Call, offset: u32) -> Result<Option<GuestAddr>, MemoryFault> {
        let address: GuestAddr = self.field(call, offset)?;
        Ok(Some(address).filter(|address| !address.is_null()))
    }
}

/// Answers a message.
type Answer = fn(&mut Call, Words) -> Fallible<HResult>;

/// One message.
pub struct Message {
    /// Its number.
    pub number: u32,
    /// What titles' sources call it.
    pub name: &'static str,
    /// How much of it there is.
    pub status: Status,
    /// What it does.
    pub doc: &'static str,
    answer: Answer,
}

/// An application, and the messages that it answers.
pub struct Application {
    /// Its number.
    pub id: u32,
    /// What it is.
    pub name: &'static str,
    /// By number.
    pub messages: &'static [Message],
}

macro_rules! messages {
    ($($(#[doc = $doc:literal])+ $status:ident $number:literal $name:ident = $answer:expr;)*) => {
        &[$($crate::messages::Message {
            number: $number,
            name: stringify!($name),
            status: $crate::imports::Status::$status,
            doc: concat!($($doc, " "),+),
            answer: $answer,
        }),*]
    };
}
use messages;

/// Every application that titles send messages to.
pub const APPLICATIONS: &[Application] = &[
    Application { id: 0xFA, name: "music player", messages: player::MESSAGES },
    Application { id: 0xFB, name: "games (XGI)", messages: games::MESSAGES },
    Application { id: 0xFC, name: "online service", messages: online::MESSAGES },
    Application { id: 0xFE, name: "system (XAM)", messages: system::MESSAGES },
];

/// Messages without a row that titles have sent; each is said once.
#[derive(Debug, Default)]
pub struct Unanswered(BTreeSet<(u32, u32)>);

/// Messages that are said.
const SAID: usize = 256;
/// `ERROR_NOT_FOUND`: there is no such application.
const NOT_FOUND: u32 = 0x490;

/// Answers a message to an application.
pub fn answer(call: &mut Call, application: u32, number: u32, words: Words) -> Fallible<HResult> {
    let Some(found) = APPLICATIONS.iter().find(|found| found.id == application) else {
        call.set_last_error(NOT_FOUND)?;
        return Ok(HResult::INVALID_ARGUMENT);
    };
    if let Ok(index) = found.messages.binary_search_by_key(&number, |message| message.number) {
        let message = &found.messages[index];
        let result = (message.answer)(call, words)?;
        tracing::debug!(target: "kernel", "message {} to {}: {result:?}", message.name, found.name);
        return Ok(result);
    }
    let mut unanswered = call.kernel.user.unanswered.lock();
    if unanswered.0.len() < SAID && unanswered.0.insert((application, number)) {
        tracing::warn!(target: "kernel", "message {number:#x} to {} is not implemented", found.name);
    }
    Ok(HResult::FAIL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_in_order_and_say_what_they_are() {
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
