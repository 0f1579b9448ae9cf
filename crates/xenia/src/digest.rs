//! Hashes of files, and of a machine's guest-visible state.
//!
//! A machine's digest covers committed pages in address order, without those before the kernel that
//! have their original content; thread contexts in order of thread ids, without budget, reservation
//! and engine scratch; kernel objects; and guest time. It never covers host state. A change of
//! the covered state increments [`crate::golden::VERSION`].

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::{Arc, OnceLock};
use xenia_cpu::PpcContext;
use xenia_formats::LoadedImage;
use xenia_kernel::Kernel;
use xenia_kernel::memory::before_kernel;
use xenia_memory::GuestMemory;
use xenia_patches::PatchSet;
use xenia_sched::{GuestThread, Scheduler};

/// The SHA-256 of a file or an image, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Digits of a hash in the names of files.
pub(crate) const FILE_NAME_DIGITS: usize = 16;

/// The part of a hash that file names contain.
pub(crate) fn file_name_digits(hash: &str) -> &str {
    hash.get(..FILE_NAME_DIGITS).unwrap_or(hash)
}

/// The SHA-256 of a title's loaded image, computed on first use, because images of 20 MiB are
/// common.
#[derive(Clone)]
pub struct ImageDigest {
    image: Arc<LoadedImage>,
    digits: Arc<OnceLock<String>>,
}

impl ImageDigest {
    /// The digest of this image.
    pub fn of(image: &Arc<LoadedImage>) -> Self {
        Self { image: image.clone(), digits: Arc::default() }
    }

    /// The digest in hexadecimal.
    pub fn get(&self) -> &str {
        self.digits.get_or_init(|| sha256(&self.image.bytes))
    }
}

impl fmt::Debug for ImageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ImageDigest").field(&self.digits.get()).finish()
    }
}

impl Serialize for ImageDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.get())
    }
}

/// Identifies an image: the BLAKE3 of its address and its bytes, in hexadecimal. Zeros are skipped,
/// so they cost no time.
pub fn image_identity(image: &LoadedImage) -> String {
    let mut hasher = blake3::Hasher::new();
    for word in [image.base.0, image.size] {
        hasher.update(&word.to_be_bytes());
    }
    for (offset, bytes) in image.filled_runs() {
        hasher.update(&offset.to_be_bytes());
        // Hashing the length keeps two adjacent runs distinct from one.
        hasher.update(&(bytes.len() as u32).to_be_bytes());
        hasher.update(bytes);
    }
    hasher.finalize().to_hex().to_string()
}

/// Identifies the code that a title runs: [`image_identity`], and the patches that are switched on.
pub fn title_identity(image: &LoadedImage, patches: &PatchSet) -> String {
    let image = image_identity(image);
    patches_identity(patches).map_or(image.clone(), |patches| {
        blake3::hash(format!("{image} {patches}").as_bytes()).to_hex().to_string()
    })
}

/// Identifies the patches' changes, in hexadecimal; `None` if there are none.
pub fn patches_identity(patches: &PatchSet) -> Option<String> {
    let mut hasher = blake3::Hasher::new();
    patches.identify(&mut |bytes| {
        hasher.update(bytes);
    });
    (!patches.is_empty()).then(|| hasher.finalize().to_hex().to_string())
}

/// Bytes of memory passed to the hasher at once. Single pages are too small for its vector code and
/// take four times as long.
const HASHED_AT_ONCE: usize = 256 << 10;

/// Hashes of a machine's parts, and their combination.
#[derive(Clone, Debug)]
pub struct Digest {
    /// Hash of each part, by name.
    pub parts: BTreeMap<String, String>,
    /// Hash of the parts' hashes.
    pub combined: String,
}

impl Digest {
    /// Hashes all guest-visible state.
    pub fn of(memory: &GuestMemory, scheduler: &Scheduler, kernel: &Kernel) -> Self {
        let parts = BTreeMap::from([
            ("memory".to_owned(), memory_part(memory)),
            ("threads".to_owned(), threads_part(scheduler)),
            ("objects".to_owned(), objects_part(kernel)),
            ("time".to_owned(), blake3::hash(&scheduler.now().to_be_bytes()).to_hex().to_string()),
        ]);
        let mut all = blake3::Hasher::new();
        for (name, hash) in &parts {
            all.update(name.as_bytes());
            all.update(hash.as_bytes());
        }
        Self { combined: all.finalize().to_hex().to_string(), parts }
    }
}

fn memory_part(memory: &GuestMemory) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut waiting = Vec::with_capacity(HASHED_AT_ONCE);
    memory.for_each_committed_page(|addr, page| {
        if before_kernel::is_original(addr, page) {
            return;
        }
        waiting.extend_from_slice(&addr.0.to_be_bytes());
        waiting.extend_from_slice(page);
        if waiting.len() >= HASHED_AT_ONCE - (size_of::<u32>() + page.len()) {
            hasher.update(&waiting);
            waiting.clear();
        }
    });
    hasher.update(&waiting);
    hasher.finalize().to_hex().to_string()
}

fn threads_part(scheduler: &Scheduler) -> String {
    let mut threads: Vec<&GuestThread> = scheduler.threads().collect();
    threads.sort_by_key(|thread| thread.id);
    let mut hasher = blake3::Hasher::new();
    for thread in threads {
        hasher.update(&thread.id.to_be_bytes());
        let state = format!("{:?} on {} at {}", thread.state(), thread.slot(), thread.priority());
        hasher.update(state.as_bytes());
        let Some(ctx) = thread.context() else {
            unreachable!("between runs, nobody has a thread's registers")
        };
        context(ctx, &mut hasher);
    }
    hasher.finalize().to_hex().to_string()
}

/// Hashes the registers of a thread, in a fixed order and byte order.
fn context(ctx: &PpcContext, hasher: &mut blake3::Hasher) {
    for value in ctx.gpr.iter().chain(&ctx.fpr).chain([&ctx.lr, &ctx.ctr, &ctx.msr]) {
        hasher.update(&value.to_be_bytes());
    }
    for value in &ctx.vr {
        hasher.update(&value.to_be_bytes());
    }
    for value in [ctx.pc, ctx.cr_word(), ctx.xer_word(), ctx.fpscr, ctx.vscr, ctx.vrsave] {
        hasher.update(&value.to_be_bytes());
    }
}

fn objects_part(kernel: &Kernel) -> String {
    let mut hasher = blake3::Hasher::new();
    kernel.describe_objects(&mut |line| {
        hasher.update(line.as_bytes());
        hasher.update(b"\n");
    });
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_formats::image::ImageKind;

    #[test]
    fn an_image_s_digest_is_of_all_its_bytes() {
        let mut image = LoadedImage::empty(ImageKind::Elf);
        image.bytes = vec![0; 0x2000];
        image.bytes[1] = 7;
        let digest = ImageDigest::of(&Arc::new(image.clone()));
        assert_eq!(digest.get(), sha256(&image.bytes));
        assert_eq!(serde_json::to_value(&digest).unwrap(), digest.get());
    }

    #[test]
    fn an_image_s_identity_is_of_its_place_and_contents() {
        let image = |base: u32, filled: &[(usize, u8)]| {
            let mut image = LoadedImage::empty(ImageKind::Elf);
            image.base.0 = base;
            image.bytes = vec![0; 0x4000];
            image.size = 0x4000;
            for &(at, byte) in filled {
                image.bytes[at] = byte;
            }
            image
        };
        let images = [
            image(0, &[]),
            image(0x1000, &[]),
            image(0, &[(0, 1)]),
            image(0, &[(1, 1)]),
            image(0, &[(0x1000, 1)]),
            image(0, &[(0x1000, 2)]),
            image(0, &[(0x1000, 1), (0x2000, 1)]),
            image(0, &[(0x1000, 1), (0x3000, 1)]),
        ];
        let identities: std::collections::BTreeSet<String> = images.iter().map(image_identity).collect();
        assert_eq!(identities.len(), images.len());
        let mut longer = image(0, &[]);
        longer.size = 0x5000;
        longer.bytes.resize(0x5000, 0);
        assert!(!identities.contains(&image_identity(&longer)), "zeros at the end count");
    }
}
