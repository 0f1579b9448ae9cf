//! Enumerators: lists of all kinds that titles read piece by piece. Invariant: items are removed
//! from a list only once the title's buffer has them.

use crate::abi::{Call, Handle, OptionalOut, Out};
use crate::named_objects::{make_nameless, store_handle};
use crate::objects::ObjectKind;
use crate::status::failure::Fallible;
use crate::user::overlapped::{Completed, admit, complete};
use xenia_guest::{Buffer, GuestAddr, NtStatus, Win32Error};
use xenia_kernel_macros::exports;
use xenia_user::enumerators::{Batch, Enumerator, layout};

/// Exports of enumerators.
pub struct Enumerate;

/// Maximum size in bytes of an enumerator's private data.
const MAX_PRIVATE_SIZE: u32 = 0x1000;

/// The message that requests the user's playlists. There are none, but some titles read the buffer
/// whatever the result.
const USER_PLAYLISTS: u32 = 0x7_0026;
/// Size in bytes that titles reserve for a playlist.
const USER_PLAYLIST: u32 = 0x338;

/// Properties of an enumerator besides its items.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) user: u32,
    pub(super) application: u32,
    pub(super) open_message: u32,
    pub(super) close_message: u32,
    /// Size in bytes of the creator's private data.
    pub(super) private: u32,
    /// Maximum number of items of one call.
    pub(super) items: u32,
    pub(super) flags: u32,
}

/// Creates an enumerator, and stores its handle.
pub(super) fn create(
    call: &mut Call,
    kind: Kind,
    list: &Enumerator,
    out: Out<Handle>,
) -> Fallible<Win32Error> {
    let size = layout::SIZE + kind.private;
    let handle = make_nameless(call, ObjectKind::Enumerator, size, |call, body| {
        let memory = call.memory();
        memory.fill(body, size, 0)?;
        for (at, word) in [
            (layout::APPLICATION, kind.application),
            (layout::OPEN_MESSAGE, kind.open_message),
            (layout::CLOSE_MESSAGE, kind.close_message),
            (layout::USER, kind.user),
            (layout::ITEMS, kind.items),
            (layout::FLAGS, kind.flags),
        ] {
            memory.write(body.offset(at), word)?;
        }
        Ok(call.kernel.user.enumerators.lock().insert(body, list.clone(), &call.kernel.limits)?)
    })?;
    store_handle(call, handle, out)?;
    Ok(Win32Error::SUCCESS)
}

/// Stores the next items of a list, and their number.
pub(super) fn next_items(
    call: &mut Call,
    enumerator: Handle,
    buffer: Buffer,
    items: Option<Out<u32>>,
    overlapped: Option<GuestAddr>,
) -> Fallible<Win32Error> {
    let found = call.kernel.objects.resolve_kind(enumerator, ObjectKind::Enumerator);
    let Ok(enumerator) = found else { return Ok(Win32Error::INVALID_HANDLE) };
    admit(call, overlapped)?;
    clear_playlists(call, enumerator.body(), buffer)?;
    let stored = store_items(call, enumerator.body(), buffer, items)?;
    complete(call, overlapped, stored)
}

/// Moves the next items of a list to the title's buffer.
fn store_items(call: &Call, body: GuestAddr, buffer: Buffer, items: Option<Out<u32>>) -> Fallible<Completed> {
    let memory = call.memory();
    // Held until the items are removed, so that no other thread gets them too.
    let mut lists = call.kernel.user.enumerators.lock();
    let next = lists.next(body, buffer);
    let result = next.as_ref().err().copied().unwrap_or(Win32Error::SUCCESS);
    let Batch { pieces, count } = next.unwrap_or_default();
    for (at, bytes) in pieces {
        memory.write_bytes(buffer.at.offset(at), &bytes)?;
    }
    items.set(memory, count)?;
    lists.advance(body, count);
    Ok(Completed::wrapped(result, count))
}

/// Clears the buffer for a list of the user's playlists.
fn clear_playlists(call: &Call, body: GuestAddr, buffer: Buffer) -> Fallible<()> {
    let memory = call.memory();
    if memory.read::<u32>(body.offset(layout::OPEN_MESSAGE))? == USER_PLAYLISTS {
        let items: u32 = memory.read(body.offset(layout::ITEMS))?;
        memory.fill(buffer.at, buffer.length.min(items.saturating_mul(USER_PLAYLIST)), 0)?;
    }
    Ok(())
}

#[exports(xam)]
impl Enumerate {
    /// Returns the next items of a list, as many as its creator has set, or none if the buffer is
    /// too small for them; a size equal to that number counts items. The number of items is stored,
    /// or is the overlapped structure's length.
    #[export(Done)]
    fn XamEnumerate(
        call: &mut Call,
        enumerator: Handle,
        _flags: u32,
        buffer: Option<GuestAddr>,
        size: u32,
        items: Option<Out<u32>>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        if items.is_some() == overlapped.is_some() {
            return Ok(Win32Error::INVALID_PARAMETER);
        }
        let Some(at) = buffer else { return Ok(Win32Error::INVALID_PARAMETER) };
        next_items(call, enumerator, Buffer { at, length: size }, items, overlapped)
    }

    /// Creates an enumerator for a library linked into the title, which fills it by messages. Its
    /// items come from the online service or from the user's music, so it stays empty.
    #[export(Done)]
    fn XamCreateEnumeratorHandle(
        call: &mut Call,
        user: u32,
        application: u32,
        open_message: u32,
        close_message: u32,
        private: u32,
        items: u32,
        flags: u32,
        handle: Option<Out<Handle>>,
    ) -> Fallible<Win32Error> {
        let Some(out) = handle.filter(|_| private <= MAX_PRIVATE_SIZE) else {
            return Ok(Win32Error::INVALID_PARAMETER);
        };
        let kind = Kind { user, application, open_message, close_message, private, items, flags };
        create(call, kind, &Enumerator::new(&[], 1, items), out)
    }

    /// Returns the body of an enumerator, with a reference that the caller must release.
    #[export(Done)]
    fn XamGetPrivateEnumStructureFromHandle(
        call: &mut Call,
        enumerator: Handle,
        body: Option<Out<GuestAddr>>,
    ) -> Fallible<NtStatus> {
        let Some(out) = body else { return Ok(NtStatus::INVALID_PARAMETER) };
        out.set(call.memory(), GuestAddr::NULL)?;
        let object = call.kernel.objects.resolve_kind(enumerator, ObjectKind::Enumerator)?;
        call.kernel.objects.reference(object.body())?;
        out.set(call.memory(), object.body())?;
        Ok(NtStatus::SUCCESS)
    }
}
