//! Any file opened as a volume is a volume whose files can be read, or an error with its position;
//! the same holds for a check of the complete volume.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use xenia_formats::stfs::PackageInfo;
use xenia_formats::{FORMATS, Findings, KeyRing, NoParts, Opens, ReadAt};

/// Number of bytes read from each file.
const READ: usize = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    let file: Arc<dyn ReadAt> = Arc::new(bytes.to_vec());
    for format in FORMATS {
        let opened = match format.opens {
            Opens::Volume(open) => open(file.clone()),
            Opens::Parts(open) => open(file.clone(), &NoParts),
            Opens::Executable(_) | Opens::Unread(_) => continue,
        };
        match opened {
            Ok(volume) => {
                let mut ahead = vec![Vec::<String>::new()];
                let mut files = 0;
                while let Some(path) = ahead.pop() {
                    for entry in volume.list(&path).into_iter().flatten() {
                        let Some(contents) = entry.contents else {
                            ahead.push([&path[..], &[entry.name.to_owned()]].concat());
                            continue;
                        };
                        files += 1;
                        if files > 64 {
                            continue;
                        }
                        let mut buffer = vec![0; READ];
                        for at in [entry.size.saturating_sub(READ as u64), 0] {
                            if let Ok(count) = contents.read_at(at, &mut buffer) {
                                assert!(count as u64 <= entry.size - at);
                            }
                        }
                    }
                }
            }
            Err(error) => assert!(error.to_string().contains("at offset 0x"), "{error}"),
        }
        if let Some(verify) = format.verify {
            let mut findings = Findings::default();
            let end = verify(file.clone(), &NoParts, &KeyRing::development(), &mut findings).err();
            for fault in findings.faults().iter().chain(&end) {
                assert!(fault.to_string().contains("at offset 0x"), "{fault}");
            }
        }
    }
    let _ = PackageInfo::read(&file);
});
