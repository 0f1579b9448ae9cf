//! Content of other titles: those that the executable lists as alternate title ids, for example the
//! parts of a series.
//!
//! `XContentCreateCrossTitleEnumerator` and related functions are linked into titles. They create
//! the list here, read it by messages ([`crate::messages`]), and open its packages by their
//! descriptions. After xenia-canary's `xam_content_aggregate.cc`.

use super::content::{PackageCall, PackageSource, UNKNOWN_DEVICE_HRESULT, delete, described};
use super::content_device;
use super::content_opening::Opening;
use super::enumerate::{self, Kind};
use crate::abi::{Call, Handle, Out, Text};
use crate::files::win32_error;
use crate::messages::{CLOSE_CROSS_TITLE, ENUMERATE_CROSS_TITLE, SYSTEM_APPLICATION};
use crate::status::failure::Fallible;
use crate::user::content_data::internal;
use crate::user_index;
use xenia_guest::{GuestAddr, USERS, Win32Error};
use xenia_kernel_macros::exports;
use xenia_user::content::{MARKETPLACE, PackageHeader, PackageName};
use xenia_user::enumerators::Enumerator;
use xenia_user::profile::Xuid;

/// Exports of other titles' content.
pub struct ContentTitles;

/// Id for any user.
const ANY_XUID: u64 = u64::MAX;
/// Title id for the running title.
const OWN_TITLE: u32 = u32::MAX;
/// Size in bytes of the enumerator's private data, which titles' libraries pass in their messages.
const PRIVATE: u32 = 8;

/// Encodes the `XCONTENT_DATA_INTERNAL` of a package.
fn described_with_title(name: &PackageName, header: &PackageHeader) -> Vec<u8> {
    let mut bytes = described(name, header);
    bytes.resize(internal::SIZE as usize, 0);
    let mut put = |at: u32, value: &[u8]| bytes[at as usize..][..value.len()].copy_from_slice(value);
    put(internal::XUID, &name.owner.0.to_be_bytes());
    put(internal::TITLE, &name.title.to_be_bytes());
    put(internal::LICENSE, &header.license.to_be_bytes());
    bytes
}

/// Reads a package's owner and title. The outer error is a bad pointer, the inner one the call's
/// result.
pub(super) fn place_of(call: &Call, at: GuestAddr, kind: u32) -> Fallible<Result<(Xuid, u32), Win32Error>> {
    let xuid: u64 = call.memory().read(at.offset(internal::XUID))?;
    let title: u32 = call.memory().read(at.offset(internal::TITLE))?;
    let titles = call.kernel.modules.lock().titles_of_content();
    let title = if matches!(title, 0 | OWN_TITLE) { titles[0] } else { title };
    if !titles.contains(&title) {
        return Ok(Err(Win32Error::ACCESS_DENIED));
    }
    let owner = if kind == MARKETPLACE || xuid == ANY_XUID { Xuid::NOBODY } else { Xuid(xuid) };
    let is_here = owner == Xuid::NOBODY || call.kernel.user.profiles.lock().place_of(owner).is_some();
    Ok(if is_here { Ok((owner, title)) } else { Err(Win32Error::NO_SUCH_USER) })
}

#[exports(xam)]
impl ContentTitles {
    /// Lists the packages of one type that belong to the title or to those whose content it may
    /// use: those of one user, or of all signed-in users and the common ones.
    #[export(Done)]
    fn XamContentAggregateCreateEnumerator(
        call: &mut Call,
        xuid: u64,
        device: u32,
        content_type: u32,
        _title: u32,
        handle: Option<Out<Handle>>,
    ) -> Fallible<Win32Error> {
        let Some(out) = handle else { return Ok(Win32Error::INVALID_PARAMETER) };
        out.set(call.memory(), Handle::NULL)?;
        if !content_device::is_known(device) {
            return Ok(UNKNOWN_DEVICE_HRESULT);
        }
        let owners = match xuid {
            ANY_XUID => {
                let profiles = call.kernel.user.profiles.lock();
                let signed_in = (0..USERS).filter_map(|user| profiles.xuid_at(user));
                [Xuid::NOBODY].into_iter().chain(signed_in).collect()
            }
            xuid => vec![Xuid(xuid)],
        };
        let mut list = Vec::new();
        let titles = call.kernel.modules.lock().titles_of_content();
        for title in titles {
            let packages = &call.kernel.files.lock().packages;
            let on_disk = owners
                .iter()
                .filter(|_| content_device::has_disk(device))
                .map(|&owner| packages.store.packages(owner, title, content_type));
            let has_disc = owners.contains(&Xuid::NOBODY) && content_device::has_disc(device);
            let on_disc = has_disc.then(|| packages.on_disc(title, content_type));
            for found in on_disk.chain(on_disc) {
                match found {
                    Ok(found) => list
                        .extend(found.iter().flat_map(|(name, header)| described_with_title(name, header))),
                    Err(error) => return Ok(win32_error(error)),
                }
            }
        }
        let kind = Kind {
            user: user_index::ANY,
            application: SYSTEM_APPLICATION,
            open_message: ENUMERATE_CROSS_TITLE,
            close_message: CLOSE_CROSS_TITLE,
            private: PRIVATE,
            items: 1,
            flags: 0,
        };
        enumerate::create(call, kind, &Enumerator::new(&list, internal::SIZE as usize, 1), out)
    }

    /// Opens or creates a package of the title, or of another whose content it may use; the
    /// description names the owner. Mounts the files under the root name.
    #[export(Done)]
    fn XamContentCreateInternal(
        call: &mut Call,
        root: Option<Text>,
        content: Option<GuestAddr>,
        flags: u32,
        disposition: Option<Out<u32>>,
        license: Option<Out<u32>>,
        _cache_size: u32,
        _content_size: u64,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        Opening { source: PackageSource::ContentData, root, content, flags, disposition, license, overlapped }
            .open(call)
    }

    /// Deletes a package that is not open, of the title or of another whose content it may use.
    #[export(Done)]
    fn XamContentDeleteInternal(
        call: &mut Call,
        content: Option<GuestAddr>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        delete(call, PackageCall { source: PackageSource::ContentData, content, overlapped })
    }
}
