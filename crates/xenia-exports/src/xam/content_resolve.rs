//! Paths of packages, for titles that install downloads from their disc: they copy the files
//! themselves, from one resolved path to another.

use super::content::{PackageCall, PackageSource, Wanted, admit_package};
use crate::abi::{Call, Text};
use crate::status::failure::Fallible;
use crate::user::overlapped::{Completed, complete};
use xenia_guest::{GuestAddr, Win32Error, code_page};
use xenia_kernel_macros::exports;

/// Exports of packages' paths.
pub struct ContentPaths;

/// Stores the path of a package's file, in a buffer of `length` bytes.
fn resolve(
    call: &mut Call,
    about: PackageCall,
    path: Option<GuestAddr>,
    length: u32,
    creates: bool,
) -> Fallible<Win32Error> {
    let PackageCall { source, content, overlapped } = about;
    let Some(path) = path else { return Ok(Win32Error::INVALID_PARAMETER) };
    let name = match admit_package(call, source, content, overlapped)? {
        Ok(Wanted { name, .. }) => name,
        Err(answer) => return Ok(answer),
    };
    let found = call.kernel.files.lock().path_of_package(&name, creates);
    tracing::debug!(target: "vfs", "the path of package {name:?}: {found:?}");
    let error = match found.map(|found| code_page::encode_lossy(&format!("{found}\0"))) {
        Ok(bytes) if bytes.len() <= length as usize => {
            call.memory().write_bytes(path, &bytes)?;
            Win32Error::SUCCESS
        }
        Ok(_) => Win32Error::INSUFFICIENT_BUFFER,
        Err(error) => error,
    };
    complete(call, overlapped, Completed::wrapped(error, 0))
}

#[exports(xam)]
impl ContentPaths {
    /// Returns the path of a package's file, and makes its folder if asked: a package on the disc,
    /// or a download of the title's, which it can write there. Fails for saved games and for
    /// packages that are folders on the host. Nothing is mounted under the root name.
    #[export(Partial)]
    fn XamContentResolve(
        call: &mut Call,
        user: u32,
        content: Option<GuestAddr>,
        path: Option<GuestAddr>,
        length: u32,
        creates: u32,
        _root: Option<Text>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let about = PackageCall { source: PackageSource::User(user), content, overlapped };
        resolve(call, about, path, length, creates != 0)
    }

    /// `XamContentResolve` by the owner and title in the content's own description, which tools of
    /// the console use.
    #[export(Partial)]
    fn XamContentResolveInternal(
        call: &mut Call,
        content: Option<GuestAddr>,
        path: Option<GuestAddr>,
        length: u32,
        creates: u32,
        _root: Option<Text>,
        overlapped: Option<GuestAddr>,
    ) -> Fallible<Win32Error> {
        let about = PackageCall { source: PackageSource::ContentData, content, overlapped };
        resolve(call, about, path, length, creates != 0)
    }
}
