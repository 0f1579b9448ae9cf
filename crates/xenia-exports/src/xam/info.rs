//! Information about the console and the title (`XGet*`, `XamGet*`), and `xam`'s memory
//! (`XamAlloc`).

use crate::abi::{Call, Out};
use crate::loader::image_headers::xex_field;
use crate::memory::physical_memory;
use crate::status::failure::Fallible;
use xenia_formats::xex::key;
use xenia_guest::{ENGLISH, GuestAddr, HResult, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::Heap;
use xenia_user::xconfig::game_region;

/// Exports of system information.
pub struct Info;

/// First of the languages that were added later (simplified Chinese); titles that don't support
/// them get English instead.
const EXTENDED_LANGUAGES: u32 = 10;
const JAPANESE: u32 = 2;
const KOREAN: u32 = 7;
/// Flag of `XamAllocEx`: physical memory.
const PHYSICAL: u32 = 0x4000_0000;

/// Stores an allocation's address, or null, and returns whether it succeeded. Nothing is allocated
/// if the address can't be stored.
fn answer(
    call: &Call,
    address: Out<GuestAddr>,
    allocate: impl FnOnce(&Call) -> Fallible<GuestAddr>,
) -> Fallible<HResult> {
    address.set(call.memory(), GuestAddr::NULL)?;
    let made = allocate(call);
    address.set(call.memory(), made.as_ref().copied().unwrap_or_default())?;
    Ok(if made.is_ok() { HResult::OK } else { HResult::OUT_OF_MEMORY })
}

#[exports(xam)]
impl Info {
    /// Returns the user's language; that of the console's region for languages that were added
    /// later.
    #[export(Done)]
    fn XGetLanguage(call: &mut Call) -> u32 {
        let locale = &call.kernel.config.locale;
        let language = call.kernel.user.xconfig.lock().language(locale);
        match locale.game_region {
            _ if language < EXTENDED_LANGUAGES => language,
            game_region::JAPAN => JAPANESE,
            game_region::CHINA => ENGLISH,
            region if game_region::ASIA.contains(&region) => KOREAN,
            _ => ENGLISH,
        }
    }

    /// Returns the user's language.
    #[export(Done)]
    fn XamGetLanguage(call: &mut Call) -> u32 {
        call.kernel.user.xconfig.lock().language(&call.kernel.config.locale)
    }

    /// Returns the region whose titles run on this console.
    #[export(Done)]
    fn XGetGameRegion(call: &mut Call) -> u32 {
        call.kernel.config.locale.game_region
    }

    /// Returns the version of the system, which is the kernel's: major and minor in 4 bits each,
    /// build in 16, revision in 8.
    #[export(Done)]
    fn XamGetSystemVersion(call: &mut Call) -> u32 {
        let [major, minor, build, revision] = call.kernel.config.version.map(u32::from);
        (major & 0xF) << 28 | (minor & 0xF) << 24 | (build & 0xFFFF) << 8 | revision & 0xFF
    }

    /// Returns the address of the title's execution information, or an error if it has none.
    #[export(Done)]
    fn XamGetExecutionId(call: &mut Call, address: Out<GuestAddr>) -> Fallible<NtStatus> {
        let headers = call.kernel.modules.lock().title().map(|module| module.headers).unwrap_or_default();
        let at = xex_field(call.memory(), headers, key::EXECUTION_INFO)?;
        if at == 0 {
            return Ok(NtStatus::NOT_FOUND);
        }
        address.set(call.memory(), GuestAddr(at))?;
        Ok(NtStatus::SUCCESS)
    }

    /// Returns the title's id; 0 if it has none.
    #[export(Done)]
    fn XamGetCurrentTitleId(call: &mut Call) -> u32 {
        call.kernel.title_id()
    }

    /// Allocates zeroed memory for `xam`.
    #[export(Done)]
    fn XamAlloc(call: &mut Call, _flags: u32, size: u32, address: Out<GuestAddr>) -> Fallible<HResult> {
        answer(call, address, |call| call.kernel.pool.allocate_for_title(size))
    }

    /// Allocates memory for `xam`, physical memory if the flags ask for it.
    #[export(Done)]
    fn XamAllocEx(
        call: &mut Call,
        physical_flags: u32,
        flags: u32,
        size: u32,
        address: Out<GuestAddr>,
    ) -> Fallible<HResult> {
        if flags & PHYSICAL == 0 {
            return answer(call, address, |call| call.kernel.pool.allocate_for_title(size));
        }
        // Bits 28–29 select one of four protections, 24–27 are log2 of the alignment (12 if 0).
        const PROTECTIONS: [u32; 4] = [0x002, 0x204, 0x004, 0x404];
        let protect = PROTECTIONS[(physical_flags >> 28 & 3) as usize];
        let log2 = match physical_flags >> 24 & 0xF {
            0 => 12,
            log2 => log2,
        };
        answer(call, address, |call| {
            physical_memory::allocate(call.memory(), size, protect, 0, u32::MAX, 1 << log2)
        })
    }

    /// Frees memory of `XamAlloc` or `XamAllocEx`, virtual or physical.
    #[export(Done)]
    fn XamFree(call: &mut Call, address: GuestAddr) -> HResult {
        let freed = match Heap::of(address) {
            Some(Heap::Physical4K | Heap::Physical64K | Heap::Physical16M) => {
                physical_memory::free(call.memory(), address).map(|_| ())
            }
            _ => call.kernel.pool.release_of_title(address),
        };
        if freed.is_ok() { HResult::OK } else { HResult::INVALID_ARGUMENT }
    }
}

#[cfg(test)]
mod tests {
    use crate::harness::Harness;
    use xenia_guest::GuestAddr;
    use xenia_memory::Heap;

    #[test]
    fn xam_free_releases_virtual_and_physical_allocations() {
        let mut b = Harness::new();
        let base = u64::from(b.scratch.0);
        let invalid = 0xFFFF_FFFF_8007_0057;
        for (flags, physical) in [(0, false), (0x4000_0000, true)] {
            assert_eq!(b.xam_call("XamAllocEx", &[0, flags, 0x3000, base]), 0);
            let at = GuestAddr(b.word(0));
            assert_eq!(Heap::of(at) == Some(Heap::Physical4K), physical, "{at}");
            assert!(b.memory().is_committed(at.offset(0x2FFF)));
            assert_eq!(b.xam_call("XamFree", &[u64::from(at.0)]), 0);
            assert!(!physical || !b.memory().is_committed(at), "given back");
            assert_eq!(b.xam_call("XamFree", &[u64::from(at.0)]), invalid, "only once");
        }
        assert_eq!(b.xam_call("XamAlloc", &[0, 0x20, base]), 0);
        let block = b.word(0);
        assert_eq!(b.memory().read::<u64>(GuestAddr(block)).unwrap(), 0);
        assert_eq!(b.xam_call("XamFree", &[u64::from(block)]), 0);
        assert_eq!(b.xam_call("XamAlloc", &[0, 0xFFFF_FFFF, base]), 0xFFFF_FFFF_8007_000E);
        assert_eq!(b.word(0), 0);
        for address in [0, base, 0xA000_0000, 0xFFFF_FFFF] {
            assert_eq!(b.xam_call("XamFree", &[address]), invalid, "{address:#x}");
        }
    }
}
