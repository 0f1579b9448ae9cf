//! Security descriptors: a file's owner, and the list of who may do what with it.
//!
//! ```text
//!  revision sbz control(2) owner(4) group(4) sacl(4) dacl(4)   offsets of what follows
//!  list:  revision sbz size(2) count(2) sbz(2), entries
//!  entry: type flags size(2) rights(4) SID
//!  SID:   revision count authority(6) count × subauthority(4)
//! ```
//!
//! Entries that deny are passed over, so that the answer is never too trusting. Source: Microsoft,
//! MS-DTYP 2.4.2 (SID), 2.4.4 (ACE), 2.4.5 (ACL), 2.4.6 (SECURITY_DESCRIPTOR).

use std::ffi::OsStr;
use std::fmt::{self, Display, Write};
use std::fs::File;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::{Path, absolute};
use std::ptr;
use windows_sys::Win32::Foundation::{GENERIC_ALL, GENERIC_WRITE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GetKernelObjectSecurity, GetTokenInformation, INHERIT_ONLY_ACE,
    OWNER_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, SE_DACL_PRESENT, SECURITY_ATTRIBUTES, TOKEN_QUERY,
    TOKEN_USER, TokenUser,
};
use windows_sys::Win32::Storage::FileSystem::CreateDirectoryW;
use windows_sys::Win32::System::SystemServices::{
    ACCESS_ALLOWED_ACE_TYPE, ACCESS_ALLOWED_CALLBACK_ACE_TYPE, ACCESS_DENIED_ACE_TYPE,
    ACCESS_DENIED_CALLBACK_ACE_TYPE, ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE, ACCESS_DENIED_OBJECT_ACE_TYPE,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// Largest descriptor that is read. A list has at most 64 KiB.
const MAX_BYTES: usize = 256 << 10;
/// Bytes of a token's user, with a SID of the largest size.
const MAX_USER_BYTES: usize = 128;
/// Parts of a SID before its subauthorities.
const SID_HEADER: usize = 8;

/// A user, a group or a part of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sid(Vec<u8>);

impl Sid {
    /// The user of this process.
    pub(super) fn of_user() -> io::Result<Self> {
        let mut token = ptr::null_mut();
        // SAFETY: a pseudo handle of this process; the handle is written to a variable.
        if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) } == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call returned a handle, which no other code has.
        let token = unsafe { OwnedHandle::from_raw_handle(token) };
        // Words, as the structure in front has pointers.
        let mut words = [0_u64; MAX_USER_BYTES / 8];
        let mut count = 0;
        // SAFETY: the array is writable and has the size that is passed.
        let read = unsafe {
            let into = words.as_mut_ptr().cast();
            GetTokenInformation(token.as_raw_handle(), TokenUser, into, MAX_USER_BYTES as u32, &raw mut count)
        };
        if read == 0 {
            return Err(io::Error::last_os_error());
        }
        // The SID follows the structure, which has its address.
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        let address = usize::from_ne_bytes(bytes[..8].try_into().map_err(io::Error::other)?);
        let at = address.wrapping_sub(words.as_ptr() as usize);
        if at < size_of::<TOKEN_USER>() {
            return Err(unreadable());
        }
        Self::at(&bytes, at)
    }

    fn well_known(authority: u8, subauthorities: &[u32]) -> Self {
        let header = [1, subauthorities.len() as u8, 0, 0, 0, 0, 0, authority];
        Self(header.into_iter().chain(subauthorities.iter().flat_map(|part| part.to_le_bytes())).collect())
    }

    /// The SID at this place.
    fn at(bytes: &[u8], at: usize) -> io::Result<Self> {
        let bytes = bytes.get(at..).ok_or_else(unreadable)?;
        let count = usize::from(*bytes.get(1).ok_or_else(unreadable)?);
        Ok(Self(bytes.get(..SID_HEADER + 4 * count).ok_or_else(unreadable)?.to_vec()))
    }

    /// Whether it is the user, or a part of the system that may change every file anyway.
    pub(super) fn is_trusted(&self, user: &Self) -> bool {
        // `NT SERVICE\TrustedInstaller`, which owns the system's own folders.
        const INSTALLER: [u32; 6] = [80, 956008885, 3418522649, 1831038044, 1853292631, 2271478464];
        let system = Self::well_known(5, &[18]);
        let administrators = Self::well_known(5, &[32, 544]);
        self == user || [system, administrators, Self::well_known(5, &INSTALLER)].contains(self)
    }

    /// Whether it denotes the owner of the file.
    fn is_owner(&self) -> bool {
        *self == Self::well_known(3, &[4])
    }
}

/// Writes it as in `S-1-5-18`.
impl Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.0[2..SID_HEADER].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        write!(f, "S-{}-{authority}", self.0[0])?;
        self.0[SID_HEADER..]
            .chunks_exact(4)
            .try_for_each(|part| write!(f, "-{}", u32::from_le_bytes([part[0], part[1], part[2], part[3]])))
    }
}

fn unreadable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an access control list that cannot be read")
}

/// Owner and list of rights of a file.
pub(super) struct Descriptor(Vec<u8>);

impl Descriptor {
    /// Reads the descriptor of a file, whose handle was opened for this (`READ_CONTROL`).
    pub(super) fn read(file: &File) -> io::Result<Self> {
        let wanted = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
        let mut words = vec![0_u32; 256];
        let mut needed = 0;
        loop {
            let bytes = (4 * words.len()) as u32;
            // SAFETY: the handle is open; the memory is writable and has the size that is passed.
            let read = unsafe {
                let into = words.as_mut_ptr().cast();
                GetKernelObjectSecurity(file.as_raw_handle(), wanted, into, bytes, &raw mut needed)
            };
            if read != 0 {
                return Ok(Self(words.into_iter().flat_map(u32::to_le_bytes).collect()));
            }
            let error = io::Error::last_os_error();
            if needed <= bytes || needed as usize > MAX_BYTES {
                return Err(error);
            }
            words.resize((needed as usize).div_ceil(4), 0);
        }
    }

    /// Words, in Microsoft's language for descriptors, of a folder that is the user's alone with
    /// all that it will contain.
    pub(super) fn private_to(user: &Sid) -> String {
        let mut words = format!("O:{user}D:P");
        for sid in [user.to_string().as_str(), "SY", "BA"] {
            let _ = write!(words, "(A;OICI;FA;;;{sid})");
        }
        words
    }

    fn u16_at(&self, at: usize) -> io::Result<u16> {
        let bytes = self.0.get(at..).and_then(|bytes| bytes.first_chunk());
        Ok(u16::from_le_bytes(*bytes.ok_or_else(unreadable)?))
    }

    fn u32_at(&self, at: usize) -> io::Result<u32> {
        let bytes = self.0.get(at..).and_then(|bytes| bytes.first_chunk());
        Ok(u32::from_le_bytes(*bytes.ok_or_else(unreadable)?))
    }

    /// The owner of the file.
    pub(super) fn owner(&self) -> io::Result<Sid> {
        Sid::at(&self.0, self.u32_at(4)? as usize)
    }

    /// Whether anybody but the user and the trusted parts of the system has one of the rights.
    pub(super) fn others_have(&self, rights: u32, user: &Sid) -> io::Result<bool> {
        let list = self.u32_at(16)? as usize;
        if self.u16_at(2)? & SE_DACL_PRESENT == 0 || list == 0 {
            return Ok(true); // no list: everybody may do everything
        }
        let mut at = list + 8;
        for _ in 0..self.u16_at(list + 4)? {
            let header = self.u32_at(at)?;
            let kind = header & 0xFF;
            let flags = header >> 8 & 0xFF;
            let size = (header >> 16) as usize;
            match kind {
                // It applies to the folder's contents only.
                _ if flags & INHERIT_ONLY_ACE != 0 => {}
                ACCESS_ALLOWED_ACE_TYPE | ACCESS_ALLOWED_CALLBACK_ACE_TYPE => {
                    let sid = Sid::at(&self.0, at + 8)?;
                    let allowed = self.u32_at(at + 4)?;
                    let has = allowed & (rights | GENERIC_ALL | GENERIC_WRITE) != 0;
                    if has && !sid.is_trusted(user) && !sid.is_owner() {
                        return Ok(true);
                    }
                }
                ACCESS_DENIED_ACE_TYPE
                | ACCESS_DENIED_OBJECT_ACE_TYPE
                | ACCESS_DENIED_CALLBACK_ACE_TYPE
                | ACCESS_DENIED_CALLBACK_OBJECT_ACE_TYPE => {}
                // It may allow something in a form that files do not have.
                _ => return Ok(true),
            }
            at += size.max(8);
        }
        Ok(false)
    }
}

/// A descriptor in the system's memory, freed on drop.
pub(super) struct SystemDescriptor(PSECURITY_DESCRIPTOR);

impl SystemDescriptor {
    /// Parses a descriptor in the security descriptor definition language (SDDL).
    pub(super) fn new(words: &str) -> io::Result<Self> {
        let words = zero_ended(words.as_ref());
        let mut made = ptr::null_mut();
        // SAFETY: the text ends with zero; the address of new memory is written to a variable.
        let converted = unsafe {
            let words = words.as_ptr();
            let size = ptr::null_mut();
            ConvertStringSecurityDescriptorToSecurityDescriptorW(words, SDDL_REVISION_1, &raw mut made, size)
        };
        if converted == 0 { Err(io::Error::last_os_error()) } else { Ok(Self(made)) }
    }

    /// Its address, valid while the value lives.
    pub(super) fn as_ptr(&self) -> PSECURITY_DESCRIPTOR {
        self.0
    }
}

impl Drop for SystemDescriptor {
    fn drop(&mut self) {
        // SAFETY: the memory is this value's own.
        unsafe { LocalFree(self.0) };
    }
}

fn zero_ended(text: &OsStr) -> Vec<u16> {
    text.encode_wide().chain([0]).collect()
}

/// Makes a folder with a descriptor in Microsoft's language for them.
pub(super) fn make_folder(folder: &Path, descriptor: &str) -> io::Result<()> {
    let descriptor = SystemDescriptor::new(descriptor)?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.as_ptr(),
        bInheritHandle: 0,
    };
    // Long paths are understood in the form that `canonicalize` gives to a folder that exists.
    let plain = absolute(folder)?;
    let outer = plain.parent().map(Path::canonicalize).transpose()?;
    let path = outer.zip(plain.file_name()).map(|(outer, name)| outer.join(name)).unwrap_or(plain);
    let path = zero_ended(path.as_os_str());
    // SAFETY: the path ends with zero, and the descriptor lives until the call returns.
    match unsafe { CreateDirectoryW(path.as_ptr(), &raw const attributes) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sid_is_written_as_in_the_manual() {
        assert_eq!(Sid::well_known(5, &[32, 544]).to_string(), "S-1-5-32-544");
        let user = Sid::of_user().unwrap().to_string();
        assert!(user.starts_with("S-1-5-"), "{user}");
    }

    /// A descriptor with an owner and entries of a type, flags, rights and a SID.
    fn descriptor(entries: &[(u8, u8, u32, Sid)]) -> Descriptor {
        let owner = Sid::well_known(5, &[21, 1, 2, 3, 1000]);
        let mut bytes = vec![1, 0, 4, 0x80];
        for offset in [20, 0, 0, 20 + owner.0.len() as u32] {
            bytes.extend(offset.to_le_bytes());
        }
        bytes.extend(&owner.0);
        bytes.extend([2, 0, 0, 0, entries.len() as u8, 0, 0, 0]);
        for (kind, flags, rights, sid) in entries {
            bytes.extend([*kind, *flags, 8 + sid.0.len() as u8, 0]);
            bytes.extend(rights.to_le_bytes());
            bytes.extend(&sid.0);
        }
        Descriptor(bytes)
    }

    #[test]
    fn only_rights_of_other_users_count() {
        let user = Sid::well_known(5, &[21, 1, 2, 3, 1000]);
        let everybody = Sid::well_known(1, &[0]);
        let system = Sid::well_known(5, &[18]);
        let others = |kind, flags, rights, sid: &Sid| {
            let entries = [(0, 0, !0, user.clone()), (kind, flags, rights, sid.clone())];
            descriptor(&entries).others_have(2, &user).unwrap()
        };
        assert_eq!(descriptor(&[]).owner().unwrap(), user);
        assert!(!others(0, 0, !0, &system) && !others(0, 0, !0, &Sid::well_known(3, &[4])));
        assert!(!others(0, 0, 1, &everybody), "they may read");
        assert!(others(0, 0, 2, &everybody) && others(0, 0, GENERIC_ALL, &everybody));
        assert!(others(9, 0, 2, &everybody), "under a condition");
        assert!(!others(0, 8, 2, &everybody), "for what the folder will contain");
        assert!(!others(1, 0, 2, &everybody), "denied");
        assert!(others(77, 0, 0, &everybody), "an unknown type");
    }

    #[test]
    fn a_descriptor_without_list_or_cut_off_is_not_trusted() {
        let user = Sid::well_known(5, &[21, 1, 2, 3, 1000]);
        let whole = descriptor(&[(0, 0, 1, user.clone()), (0, 0, !0, user.clone())]);
        assert!(!whole.others_have(2, &user).unwrap());
        for length in 0..whole.0.len() {
            let cut = Descriptor(whole.0[..length].to_vec());
            assert!(cut.others_have(2, &user).is_err(), "{length}");
        }
        let mut without = whole.0.clone();
        without[2] = 0;
        assert!(Descriptor(without).others_have(2, &user).unwrap());
        let mut without = whole.0;
        without[16..20].fill(0);
        assert!(Descriptor(without).others_have(2, &user).unwrap());
    }
}
