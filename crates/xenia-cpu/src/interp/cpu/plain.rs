//! Plain loads and stores: one host access to one page, without a log or strict reservations.
//!
//! An arm with a slow path contains a call, and so needs a stack frame even if it does not take
//! that path. With [`Plain`] it gives up instead, with the context unchanged, and its caller runs
//! the arm of [`CpuView`].

use super::{CpuView, Raised, Retirement, Step};
use xenia_memory::TriedStore;

/// A processor whose accesses raise if they are not plain. It records no exception.
pub(crate) struct Plain<'c, 'a>(pub(crate) &'c mut CpuView<'a>);

/// Storage access, plain or complete.
pub(crate) trait StorageAccess<'a> {
    fn cpu(&mut self) -> &mut CpuView<'a>;
    fn load_8(&mut self, ea: u32) -> Result<u8, Raised>;
    fn load_16(&mut self, ea: u32) -> Result<u16, Raised>;
    fn load_32(&mut self, ea: u32) -> Result<u32, Raised>;
    fn load_64(&mut self, ea: u32) -> Result<u64, Raised>;
    fn store_8(&mut self, ea: u32, value: u8) -> Step;
    fn store_16(&mut self, ea: u32, value: u16) -> Step;
    fn store_32(&mut self, ea: u32, value: u32) -> Step;
    fn store_64(&mut self, ea: u32, value: u64) -> Step;
}

macro_rules! ways {
    ($($load:ident $load_whole:ident $load_plain:ident
        $store:ident $store_whole:ident $store_plain:ident $type:ty;)*) => {
        impl<'a> StorageAccess<'a> for CpuView<'a> {
            #[inline(always)]
            fn cpu(&mut self) -> &mut CpuView<'a> {
                self
            }

            $(
                #[inline(always)]
                fn $load(&mut self, ea: u32) -> Result<$type, Raised> {
                    self.$load_whole(ea)
                }

                #[inline(always)]
                fn $store(&mut self, ea: u32, value: $type) -> Step {
                    self.$store_whole(ea, value)?;
                    Ok(Retirement::Next)
                }
            )*
        }

        impl<'a> StorageAccess<'a> for Plain<'_, 'a> {
            #[inline(always)]
            fn cpu(&mut self) -> &mut CpuView<'a> {
                self.0
            }

            $(
                #[inline(always)]
                fn $load(&mut self, ea: u32) -> Result<$type, Raised> {
                    self.0.memory.$load_plain(ea).ok_or(Raised(()))
                }

                #[inline(always)]
                fn $store(&mut self, ea: u32, value: $type) -> Step {
                    if self.0.observes_stores {
                        return Err(Raised(()));
                    }
                    match self.0.memory.$store_plain(ea, value) {
                        TriedStore::Done => Ok(Retirement::Next),
                        TriedStore::DoneOnWatched => {
                            self.0.stored_at = ea;
                            Ok(Retirement::Watched)
                        }
                        TriedStore::NotPlain => Err(Raised(())),
                    }
                }
            )*
        }
    };
}

ways! {
    load_8 load_u8 try_load_u8 store_8 store_u8 try_store_u8 u8;
    load_16 load_u16 try_load_u16 store_16 store_u16 try_store_u16 u16;
    load_32 load_u32 try_load_u32 store_32 store_u32 try_store_u32 u32;
    load_64 load_u64 try_load_u64 store_64 store_u64 try_store_u64 u64;
}
