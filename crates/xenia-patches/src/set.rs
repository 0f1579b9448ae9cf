//! Patches that are switched on, and the modules that they are for.

use crate::file::PatchWrite;
use crate::hash::{ExecutableHash, executable_hash};
use xenia_formats::LoadedImage;

/// A patch that is switched on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchedOn {
    /// Name of the patch.
    pub name: String,
    /// File and line, for messages.
    pub place: String,
    /// Hashes of the executables that it is for.
    pub hashes: Vec<ExecutableHash>,
    /// The writes, in the order in which they are made.
    pub writes: Vec<PatchWrite>,
}

/// A patch that does not fit the module that it is for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "patch `{name}` ({place}): {bytes} bytes at {address:#010x} are outside of the module, which is {base:#010x} to {end:#010x}; leave the patch out"
)]
pub struct PatchError {
    /// Name of the patch.
    pub name: String,
    /// File and line of the patch.
    pub place: String,
    /// Address of the write.
    pub address: u32,
    /// Length of the write.
    pub bytes: usize,
    /// Start of the module.
    pub base: u32,
    /// End of the module.
    pub end: u32,
}

/// The patches that are switched on for a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatchSet {
    patches: Vec<SwitchedOn>,
}

impl PatchSet {
    /// A set of patches, which are applied in this order.
    pub fn new(patches: Vec<SwitchedOn>) -> Self {
        Self { patches }
    }

    /// Whether no patch is switched on.
    pub fn is_empty(&self) -> bool {
        self.patches.is_empty()
    }

    /// The patches in the order in which they are applied.
    pub fn iter(&self) -> impl Iterator<Item = &SwitchedOn> {
        self.patches.iter()
    }

    /// The patches for a module.
    ///
    /// # Errors
    /// One of them writes outside of the module.
    pub fn of_module(&self, image: &LoadedImage) -> Result<Vec<&SwitchedOn>, PatchError> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let Some(hash) = executable_hash(image) else { return Ok(Vec::new()) };
        let found: Vec<_> = self.patches.iter().filter(|patch| patch.hashes.contains(&hash)).collect();
        for patch in &found {
            let is_outside = |write: &&PatchWrite| {
                u32::try_from(write.bytes.len())
                    .ok()
                    .and_then(|length| image.offset_of(write.address, length))
                    .is_none()
            };
            if let Some(write) = patch.writes.iter().find(is_outside) {
                return Err(PatchError {
                    name: patch.name.clone(),
                    place: patch.place.clone(),
                    address: write.address.0,
                    bytes: write.bytes.len(),
                    base: image.base.0,
                    end: image.base.0 + image.size,
                });
            }
        }
        Ok(found)
    }

    /// Passes the set's changes to a hasher: equal sets pass equal bytes, others different ones.
    pub fn identify(&self, hash: &mut dyn FnMut(&[u8])) {
        for patch in &self.patches {
            hash(&(patch.hashes.len() as u64).to_be_bytes());
            for of in &patch.hashes {
                hash(&of.0.to_be_bytes());
            }
            hash(&(patch.writes.len() as u64).to_be_bytes());
            for write in &patch.writes {
                hash(&write.address.0.to_be_bytes());
                hash(&(write.bytes.len() as u64).to_be_bytes());
                hash(&write.bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_formats::image::ImportLibrary;
    use xenia_guest::GuestAddr;

    fn image() -> LoadedImage {
        LoadedImage::in_memory(GuestAddr(0x8200_0000), vec![1; 8], ImportLibrary::any("xam.xex", Vec::new()))
    }

    fn patch(hash: ExecutableHash, address: u32, bytes: &[u8]) -> SwitchedOn {
        SwitchedOn {
            name: "60 FPS".into(),
            place: "a.patch.toml, line 9".into(),
            hashes: vec![ExecutableHash(0), hash],
            writes: vec![PatchWrite { address: GuestAddr(address), bytes: bytes.to_vec() }],
        }
    }

    #[test]
    fn a_module_gets_only_its_patches() {
        let hash = executable_hash(&image()).unwrap();
        let end = 0x8202_0000;
        let inside = patch(hash, end - 4, &[1; 4]);
        let set = PatchSet::new(vec![inside.clone(), patch(ExecutableHash(1), 0, &[1])]);
        assert_eq!(set.of_module(&image()), Ok(vec![&inside]));
        let mut other = image();
        other.bytes[0] = 2;
        assert_eq!(set.of_module(&other), Ok(Vec::new()));
    }

    #[test]
    fn a_patch_outside_of_its_module_is_refused_by_name() {
        let hash = executable_hash(&image()).unwrap();
        for address in [0x81FF_FFFF, 0x8201_FFFD, 0, 0xFFFF_FFFC] {
            let set = PatchSet::new(vec![patch(hash, address, &[1; 4])]);
            let error = set.of_module(&image()).unwrap_err().to_string();
            assert!(
                error.starts_with("patch `60 FPS` (a.patch.toml, line 9): 4 bytes at ")
                    && error.contains("which is 0x82000000 to 0x82020000"),
                "{error}"
            );
        }
    }

    #[test]
    fn different_sets_have_different_identities() {
        let of = |set: &PatchSet| {
            let mut bytes: Vec<u8> = Vec::new();
            set.identify(&mut |part| bytes.extend(part));
            bytes
        };
        let sets = [
            vec![],
            vec![patch(ExecutableHash(1), 1, &[1, 2])],
            vec![patch(ExecutableHash(1), 1, &[1, 3])],
            vec![patch(ExecutableHash(1), 2, &[1, 2])],
            vec![patch(ExecutableHash(2), 1, &[1, 2])],
            vec![patch(ExecutableHash(1), 1, &[1]), patch(ExecutableHash(1), 2, &[2])],
        ]
        .map(PatchSet::new);
        for (index, set) in sets.iter().enumerate() {
            assert!(sets[index + 1..].iter().all(|other| of(other) != of(set)), "{index}");
        }
    }
}
