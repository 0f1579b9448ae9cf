//! Tests of the memory device: contents, limits, names and moves.

use super::*;

fn names(path: &[&str]) -> Vec<String> {
    path.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn files_grow_with_zeros_and_handles_share_contents() {
    let mut device = MemoryDevice::new(0x10_0000, Arc::default());
    let first = device.create_file(&names(&["A.bin"])).unwrap();
    first.write_at(2, b"xy").unwrap();
    let second = device.open(&names(&["a.BIN"]), OpenMode::Read).unwrap();
    let mut bytes = [9; 8];
    assert_eq!(second.read_at(0, &mut bytes), Ok(4));
    assert_eq!(&bytes[..4], b"\0\0xy");
    assert_eq!(second.read_at(u64::MAX, &mut bytes), Ok(0));
    assert_eq!(device.find(&names(&["a.bin"])).unwrap().name, "A.bin");
}

#[test]
fn the_limit_holds_for_writes_lengths_and_overflows() {
    let limits = Arc::new(ResourceLimits::default());
    let unit = UNIT as u64;
    let mut device = MemoryDevice::new(10 * unit, limits.clone());
    let file = device.create_file(&names(&["a"])).unwrap();
    assert_eq!(file.write_at(10 * unit - 10, b"0123456789A"), Err(VfsError::Full));
    assert_eq!(file.set_size(u64::MAX), Err(VfsError::Full));
    assert_eq!(file.write_at(u64::MAX, b"0"), Err(VfsError::Full));
    file.set_size(10 * unit).unwrap();
    let other = device.create_file(&names(&["b"])).unwrap();
    assert_eq!(other.write_at(0, b"0"), Err(VfsError::Full));
    device.remove(&names(&["a"])).unwrap();
    assert_eq!(other.write_at(0, b"0"), Err(VfsError::Full), "somebody still holds it");
    drop(file);
    other.write_at(0, b"0").unwrap();
    assert_eq!(device.volume().free_units, 9);
    assert_eq!(limits.hits().into_keys().collect::<Vec<_>>(), ["scratch_disk_bytes"]);
}

#[test]
fn memory_files_are_sparse_and_truncation_discards_data() {
    let mut device = MemoryDevice::new(0x1000_0000, Arc::default());
    for number in 0..9 {
        let file = device.create_file(&names(&[&format!("a{number}")])).unwrap();
        file.set_size(0xFF0_0000).unwrap();
        file.set_size(0).unwrap();
    }
    assert_eq!(device.space.lock().used, 0);
    let contents = SharedContents::new(Mutex::new(Contents {
        number: 0,
        size: 0,
        units: BTreeMap::new(),
        space: device.space.clone(),
    }));
    let file = MemoryFile(contents.clone());
    file.write_at(0x123_4567, &vec![7; 0x1_0000]).unwrap();
    assert_eq!(contents.lock().units.len(), 5, "four units, not aligned");
    let mut bytes = [9; 4];
    assert_eq!(file.read_at(0x123_4565, &mut bytes), Ok(4));
    assert_eq!(bytes, [0, 0, 7, 7]);
    file.set_size(0x123_4568).unwrap();
    assert_eq!(contents.lock().units.len(), 1);
    file.set_size(0x200_0000).unwrap();
    assert_eq!(file.read_at(0x123_4566, &mut bytes), Ok(4));
    assert_eq!(bytes, [0, 7, 0, 0], "what was cut off does not come back");
}

#[test]
fn bytes_of_paths_are_limited() {
    let limits = Arc::new(ResourceLimits::default());
    let mut device = MemoryDevice::new(0x10_0000, limits.clone());
    let long = "n".repeat(255);
    let mut path = Vec::new();
    for _ in 0..60 {
        path.push(long.clone());
        device.create_directory(&path).unwrap();
    }
    let file = |number: u32| [&path[..], &[number.to_string()]].concat();
    let made = (0..0x4000).find(|&number| device.create_file(&file(number)).is_err()).unwrap();
    assert!(cost(&file(made)) * u64::from(made) < Limit::ScratchPathBytes.row().value, "{made}");
    assert_eq!(limits.hits().into_keys().collect::<Vec<_>>(), ["scratch_disk_path_bytes"]);
    device.create_file(&names(&["a"])).unwrap();
    assert_eq!(device.rename(&names(&["a"]), &file(made), Existing::Replace), Err(VfsError::Full));
    device.remove(&file(0)).unwrap();
    device.rename(&names(&["a"]), &file(made), Existing::Replace).unwrap();
    for number in 1..=made {
        device.remove(&file(number)).unwrap();
    }
    for length in (1..=path.len()).rev() {
        device.remove(&path[..length]).unwrap();
    }
    assert_eq!(device.path_bytes, 0);
}

#[test]
fn a_rename_that_makes_a_path_too_deep_is_refused() {
    let mut device = MemoryDevice::new(0x10_0000, Arc::default());
    let path = |top: &str, length: usize, last: &str| {
        [&names(&[top])[..], &vec!["d".to_owned(); length - 2], &names(&[last])].concat()
    };
    let half = MAX_NAMES / 2;
    for (top, length) in [("a", half), ("b", half + 1)] {
        device.create_directory(&names(&[top])).unwrap();
        for length in 2..=length {
            device.create_directory(&path(top, length, "d")).unwrap();
        }
    }
    let a = names(&["a"]);
    assert_eq!(device.rename(&a, &path("b", half + 2, "x"), Existing::Replace), Err(VfsError::InvalidName));
    device.rename(&a, &path("b", half + 1, "x"), Existing::Replace).unwrap();
}

#[test]
fn directories_hold_their_children_and_move_with_them() {
    let mut device = MemoryDevice::new(0x10_0000, Arc::default());
    device.create_directory(&names(&["d"])).unwrap();
    device.create_file(&names(&["d", "z"])).unwrap();
    device.create_file(&names(&["d", "B"])).unwrap();
    device.create_file(&names(&["dd"])).unwrap();
    assert!(matches!(device.create_file(&names(&["x", "y"])), Err(VfsError::PathNotFound)));
    assert!(matches!(device.create_file(&names(&["dd", "y"])), Err(VfsError::PathNotFound)));
    let listed = |device: &MemoryDevice, path: &[&str]| -> Vec<String> {
        device.list(&names(path)).unwrap().into_iter().map(|entry| entry.name).collect()
    };
    assert_eq!(listed(&device, &["D"]), ["B", "z"]);
    assert_eq!(listed(&device, &[]), ["d", "dd"]);
    assert_eq!(device.remove(&names(&["d"])), Err(VfsError::NotEmpty));
    assert_eq!(
        device.rename(&names(&["d"]), &names(&["d", "e"]), Existing::Replace),
        Err(VfsError::InvalidName)
    );
    device.rename(&names(&["d"]), &names(&["E"]), Existing::Refuse).unwrap();
    assert_eq!(listed(&device, &["e"]), ["B", "z"]);
    assert_eq!(device.rename(&names(&["dd"]), &names(&["e", "z"]), Existing::Refuse), Err(VfsError::Exists));
    device.rename(&names(&["dd"]), &names(&["e", "z"]), Existing::Replace).unwrap();
    assert_eq!(listed(&device, &[]), ["E"]);
}
