//! Messages about multiplayer sessions ([`xenia_user::sessions`]): argument checks, guest
//! structures and error codes.
//!
//! A session is named by the guest address of its object. Sessions that need the online service are
//! refused as they are on a console that is not logged on.

use super::MessageWords;
use crate::abi::Call;
use crate::objects::ObjectKind;
use crate::status::failure::Fallible;
use crate::user_index;
use xenia_guest::{GuestAddr, HResult, USERS, Win32Error};
use xenia_net::XNADDR_SIZE;
use xenia_user::profile::Xuid;
use xenia_user::sessions::{Address, MAX_SLOTS, Member, Session, SessionError, SlotCounts, flags};

/// `XONLINE_E_SESSION_*` error codes.
const NOT_FOUND: HResult = HResult(0x8015_5200);
const FULL: HResult = HResult(0x8015_5202);
const WRONG_STATE: HResult = HResult(0x8015_5206);
/// Error of operations that need the online service.
pub(super) const NOT_LOGGED_ON: HResult = HResult(0x8015_5209);
/// Error of a buffer without room for the details.
const SMALL_BUFFER: HResult = Win32Error::INSUFFICIENT_BUFFER.to_hresult();

/// Offsets in `XSESSION_INFO`: id, address of the host, key.
mod info {
    pub(super) const ID: u32 = 0;
    pub(super) const HOST: u32 = 8;
    pub(super) const KEY: u32 = 0x2C;
}
/// Offsets in `XSESSION_LOCAL_DETAILS`.
mod details {
    pub(super) const HOST: u32 = 0;
    pub(super) const FLAGS: u32 = 0xC;
    pub(super) const SLOTS: u32 = 0x10;
    pub(super) const FREE: u32 = 0x18;
    pub(super) const MEMBERS: u32 = 0x20;
    pub(super) const RETURNED: u32 = 0x24;
    pub(super) const STATE: u32 = 0x28;
    pub(super) const NONCE: u32 = 0x30;
    pub(super) const INFO: u32 = 0x38;
    pub(super) const LIST: u32 = 0x7C;
    pub(super) const SIZE: u32 = 0x80;
    /// Size in bytes of a member: id, place, flags.
    pub(super) const MEMBER: u32 = 0x10;
}
/// Place of a member or host at another console.
const ELSEWHERE: u32 = user_index::NONE;

/// Returns the code of an error.
fn code(error: SessionError) -> HResult {
    match error {
        SessionError::NotFound => NOT_FOUND,
        SessionError::Full => FULL,
        SessionError::WrongState => WRONG_STATE,
        SessionError::Invalid => HResult::INVALID_ARGUMENT,
    }
}

/// Converts the result of an operation on a session.
fn answer(result: Result<(), SessionError>) -> HResult {
    result.err().map_or(HResult::OK, code)
}

/// Runs an operation on the session that a message names.
fn act_on_session<R>(
    call: &Call,
    words: MessageWords,
    f: impl FnOnce(&mut Session) -> Result<R, SessionError>,
) -> Fallible<Result<R, SessionError>> {
    let body: GuestAddr = words.field(call, 0)?;
    Ok(call.kernel.user.sessions.lock().get(body).and_then(f))
}

/// Returns the address of a new session that this console hosts.
fn fresh_address(call: &Call) -> Address {
    let own = call.kernel.net.lock().own_address();
    let mut address = Address::default();
    for (word, bytes) in address.host.iter_mut().zip(own.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let mut random = call.kernel.random.lock();
    random.fill(&mut address.id);
    random.fill(&mut address.key);
    address.id[0] &= 0xF;
    address
}

/// Reads the address of a session that another console hosts.
fn read_info(call: &Call, at: GuestAddr) -> Fallible<Address> {
    let memory = call.memory();
    let mut address = Address::default();
    memory.read_bytes(at.offset(info::ID), &mut address.id)?;
    for (offset, word) in (info::HOST..).step_by(4).zip(&mut address.host) {
        *word = memory.read(at.offset(offset))?;
    }
    memory.read_bytes(at.offset(info::KEY), &mut address.key)?;
    Ok(address)
}

fn write_info(call: &Call, at: GuestAddr, address: &Address) -> Fallible<()> {
    let memory = call.memory();
    memory.write_bytes(at.offset(info::ID), &address.id)?;
    for (offset, word) in (info::HOST..).step_by(4).zip(address.host) {
        memory.write(at.offset(offset), word)?;
    }
    memory.write_bytes(at.offset(info::KEY), &address.key)?;
    const { assert!(info::HOST + XNADDR_SIZE as u32 == info::KEY) };
    Ok(())
}

pub(super) fn create(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let body: GuestAddr = words.field(call, 0)?;
    let wanted: u32 = words.field(call, 4)?;
    let slots = SlotCounts { public: words.field(call, 8)?, private: words.field(call, 0xC)? };
    let user: u32 = words.field(call, 0x10)?;
    let object = call.kernel.objects.by_pointer(body);
    let is_session = object.is_some_and(|object| object.kind() == KIND);
    if !is_session || !slots.is_allowed() || user >= USERS {
        return Ok(HResult::INVALID_ARGUMENT);
    }
    if call.kernel.user.profiles.lock().xuid_at(user).is_none() {
        return Ok(HResult::NO_SUCH_USER);
    }
    if wanted & flags::ONLINE != 0 {
        return Ok(NOT_LOGGED_ON);
    }
    let info = words.pointer(call, 0x14)?;
    let nonce_at = words.pointer(call, 0x18)?;
    let (Some(info), Some(nonce_at)) = (info, nonce_at) else { return Ok(HResult::INVALID_ARGUMENT) };
    // A session without a network is this console's, even if the title does not say that it hosts.
    let is_own = wanted & flags::HOST != 0 || wanted & flags::PEER_NETWORK == 0;
    // The host makes the address and the nonce; a guest passes those that it has received.
    let (address, nonce) = if is_own {
        let mut nonce = [0; 8];
        call.kernel.random.lock().fill(&mut nonce);
        (fresh_address(call), u64::from_be_bytes(nonce))
    } else {
        (read_info(call, info)?, call.memory().read(nonce_at)?)
    };
    let host = if is_own { user } else { ELSEWHERE };
    let session = Session { flags: wanted, host, slots, address, nonce, ..Session::default() };
    let made = call.kernel.user.sessions.lock().insert(body, session);
    if made.is_ok() && is_own {
        write_info(call, info, &address)?;
        call.memory().write(nonce_at, nonce)?;
    }
    Ok(answer(made))
}

pub(super) fn delete(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let body: GuestAddr = words.field(call, 0)?;
    Ok(answer(call.kernel.user.sessions.lock().delete(body)))
}

/// Reads the members named in a message to join or leave. The inner error is the message's result.
fn read_members(call: &Call, words: MessageWords) -> Fallible<Result<Vec<Member>, HResult>> {
    let count: u32 = words.field(call, 4)?;
    let xuids = words.pointer(call, 8)?;
    let users = words.pointer(call, 0xC)?;
    let private = words.pointer(call, 0x10)?;
    if !(1..=2 * MAX_SLOTS).contains(&count) {
        return Ok(Err(HResult::INVALID_ARGUMENT));
    }
    let mut members = Vec::new();
    for index in 0..count {
        let is_private = match private {
            Some(at) => call.memory().read::<u32>(at.offset(4 * index))? != 0,
            None => false,
        };
        let member = match (xuids, users) {
            (_, Some(at)) => {
                let user: u32 = call.memory().read(at.offset(4 * index))?;
                let Some(xuid) = call.kernel.user.profiles.lock().xuid_at(user) else {
                    return Ok(Err(HResult::NO_SUCH_USER));
                };
                Member { xuid, user: Some(user), is_private }
            }
            (Some(at), None) => {
                let xuid = Xuid(call.memory().read(at.offset(8 * index))?);
                Member { xuid, user: None, is_private }
            }
            (None, None) => return Ok(Err(HResult::INVALID_ARGUMENT)),
        };
        members.push(member);
    }
    Ok(Ok(members))
}

pub(super) fn join(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    match read_members(call, words)? {
        Ok(members) => Ok(answer(act_on_session(call, words, |session| session.join(&members))?)),
        Err(refused) => Ok(refused),
    }
}

pub(super) fn leave(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    match read_members(call, words)? {
        Ok(members) => {
            let xuids: Vec<Xuid> = members.iter().map(|member| member.xuid).collect();
            Ok(answer(act_on_session(call, words, |session| {
                session.leave(&xuids);
                Ok(())
            })?))
        }
        Err(refused) => Ok(refused),
    }
}

pub(super) fn start(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    Ok(answer(act_on_session(call, words, Session::start)?))
}

pub(super) fn end(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    Ok(answer(act_on_session(call, words, Session::end)?))
}

pub(super) fn modify(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let wanted: u32 = words.field(call, 4)?;
    let slots = SlotCounts { public: words.field(call, 8)?, private: words.field(call, 0xC)? };
    if wanted & flags::ONLINE != 0 {
        return Ok(NOT_LOGGED_ON);
    }
    Ok(answer(act_on_session(call, words, |session| session.modify(wanted, slots))?))
}

pub(super) fn describe(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let Some(size_at) = words.pointer(call, 4)? else { return Ok(HResult::INVALID_ARGUMENT) };
    let at = words.pointer(call, 8)?;
    let session = match act_on_session(call, words, |session| Ok(session.clone()))? {
        Ok(session) => session,
        Err(error) => return Ok(code(error)),
    };
    let memory = call.memory();
    let size: u32 = memory.read(size_at)?;
    // Titles ask for the size of all members before they allocate the buffer.
    memory.write(size_at, details::SIZE + details::MEMBER * session.members.len() as u32)?;
    let Some(at) = at.filter(|_| size >= details::SIZE) else { return Ok(SMALL_BUFFER) };
    memory.fill(at, details::SIZE, 0)?;
    let free = session.free();
    let room = (size - details::SIZE) / details::MEMBER;
    let returned = room.min(session.members.len() as u32);
    for (offset, word) in [
        (details::HOST, session.host),
        (details::FLAGS, session.flags),
        (details::SLOTS, session.slots.public),
        (details::SLOTS + 4, session.slots.private),
        (details::FREE, free.public),
        (details::FREE + 4, free.private),
        (details::MEMBERS, session.members.len() as u32),
        (details::RETURNED, returned),
        (details::STATE, session.state as u32),
    ] {
        memory.write(at.offset(offset), word)?;
    }
    memory.write(at.offset(details::NONCE), session.nonce)?;
    write_info(call, at.offset(details::INFO), &session.address)?;
    let list = at.offset(details::SIZE);
    memory.write(at.offset(details::LIST), if returned == 0 { GuestAddr::NULL } else { list })?;
    for (index, member) in (0..returned).zip(&session.members) {
        let at = list.offset(index * details::MEMBER);
        memory.write(at, member.xuid.0)?;
        memory.write(at.offset(8), member.user.unwrap_or(ELSEWHERE))?;
        memory.write(at.offset(0xC), u32::from(member.is_private))?;
    }
    Ok(HResult::OK)
}

pub(super) fn migrate(call: &mut Call, words: MessageWords) -> Fallible<HResult> {
    let info = words.pointer(call, 4)?;
    let user: u32 = words.field(call, 8)?;
    let Some(info) = info else { return Ok(HResult::FAIL) };
    let is_here = user != ELSEWHERE;
    if is_here && call.kernel.user.profiles.lock().xuid_at(user).is_none() {
        return Ok(HResult::NO_SUCH_USER);
    }
    // The new host makes the address; the others pass what they have received.
    let address = if is_here { fresh_address(call) } else { read_info(call, info)? };
    let moved = act_on_session(call, words, |session| {
        session.host = user;
        session.address = address;
        session.flags &= !flags::HOST;
        if is_here {
            session.flags |= flags::HOST;
        }
        Ok(())
    })?;
    if moved.is_ok() && is_here {
        write_info(call, info, &address)?;
    }
    Ok(answer(moved))
}

/// Kind of the objects that stand for sessions.
pub(crate) const KIND: ObjectKind = ObjectKind::Session;
