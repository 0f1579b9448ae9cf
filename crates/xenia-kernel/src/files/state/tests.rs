//! Tests of saved files: two machines, one of which was restored from the other's state, continue
//! alike.

mod packages;

use super::*;
use crate::files::{Completion, OpenParameters, PackageMode, Receiver, Scan, access, options, share};
use crate::ports::{NoStorage, Storage};
use crate::status::failure::Failure;
use xenia_formats as formats;
use xenia_formats::stfs::{PackageInfo, Signer};
use xenia_guest::TitleId;
use xenia_limits::ResourceLimits;
use xenia_memory::GuestMemory;
use xenia_sched::ThreadRef;
use xenia_state::StoredSection;
use xenia_testing::Dice;
use xenia_user::content::{MARKETPLACE, PackageHeader, PackageName};
use xenia_user::profile::Xuid;
use xenia_vfs::path::Pattern;
use xenia_vfs::{CreateDisposition, Existing};

/// The title that runs, and another whose content it may use.
const TITLES: [u32; 2] = [0x4D53_07D1, 2];

/// A machine's files, with a medium that has some.
fn fresh(storage: &dyn Storage) -> Files {
    let mut files = Files::with_devices(storage, &Arc::default()).unwrap();
    let mut volume = formats::Volume::default();
    let media = volume.add_directory(formats::Volume::ROOT, "Media").unwrap();
    for name in ["a.bin", "b.bin", "c.txt"] {
        volume.add_file(media, name, Arc::new(name.as_bytes().repeat(99))).unwrap();
    }
    let mut folder = formats::Volume::ROOT;
    for name in ["Content", "0000000000000000", "4D5307D1", "00000002"] {
        folder = volume.add_directory(folder, name).unwrap();
    }
    volume.add_file(folder, "Maps", Arc::new(package())).unwrap();
    files.mount_title_volume(Arc::new(volume)).unwrap();
    files.mount_hard_disk(TITLES[0]).unwrap();
    files
}

/// A package of downloads that contains `one`.
fn package() -> Vec<u8> {
    package_with(b"a map")
}

/// A package of downloads with this text in `one`.
fn package_with(text: &[u8]) -> Vec<u8> {
    let mut volume = formats::Volume::default();
    volume.add_file(formats::Volume::ROOT, "one", Arc::new(text.to_vec())).unwrap();
    let info = PackageInfo {
        signer: Signer::Live,
        is_unsigned: true,
        content_type: MARKETPLACE,
        title_id: TitleId(TITLES[0]),
        ..PackageInfo::default()
    };
    let mut bytes = Vec::new();
    formats::stfs::write(&volume, &info, &mut bytes, &mut |_| ()).unwrap();
    bytes
}

fn objects() -> Arc<Objects> {
    Arc::new(Objects::new(GuestMemory::new().unwrap(), Arc::<ResourceLimits>::default()))
}

type Saved = (StoredSection, Vec<Vec<u8>>);

fn saved(files: &Files) -> Result<Saved, Unsaveable> {
    let mut bytes = SavedBytes::default();
    let state = files.state(&mut bytes)?;
    Ok((StoredSection::encode(&state).unwrap(), bytes.into_parts()))
}

fn restored(
    storage: &dyn Storage,
    (state, parts): &Saved,
    objects: &Arc<Objects>,
) -> Result<Files, Impossible> {
    let state = state.decode().map_err(|error| error.to_string())?;
    let mut files = fresh(storage);
    files.restore(state, &mut SavedBytes::new(parts.clone()), objects, &TITLES, ChangedFiles::Refused)?;
    Ok(files)
}

fn a_path(dice: &mut Dice) -> String {
    let folder = [r"game:\media", "cache:", "hdd:", "save:", r"cache:\dir", r"cache1:"][dice.below(6)];
    format!(r"{folder}\{}", ["a.bin", "B.BIN", "c", "dir"][dice.below(4)])
}

/// A random operation; `next` is the body of the next open file.
fn operate(files: &mut Files, next: &mut u32, dice: &mut Dice) -> String {
    let bodies: Vec<GuestAddr> = files.iter().map(|(body, _)| body).collect();
    let body = bodies.get(dice.below(bodies.len())).copied().unwrap_or_default();
    let path = a_path(dice);
    match dice.below(16) {
        0..6 => {
            let parameters = OpenParameters {
                access: [access::GENERIC_READ, access::GENERIC_ALL][dice.below(2)],
                share: [share::ALL, share::READ][usize::from(dice.below(8) == 0)],
                disposition: CreateDisposition::of([dice.below(6) as u32, 3][dice.below(2)]).unwrap(),
                options: [
                    0,
                    options::SYNCHRONOUS_IO_NONALERT,
                    options::DIRECTORY_FILE,
                    options::DELETE_ON_CLOSE,
                ][dice.below(4)],
                allocation: dice.next() % 100,
                attributes: 0x20,
                ..OpenParameters::to_read(&path, 55)
            };
            let opened = files.open(&parameters).map_err(Failure::status);
            let opened = opened.map(|(file, action)| {
                *next += 0x100;
                files.insert(GuestAddr(*next), file);
                action
            });
            format!("{path}: {opened:?}")
        }
        6 => format!("{:?}", files.remove(body)),
        7 | 8 => match files.get(body).ok().and_then(|file| file.data()) {
            Some(data) => format!("{:?}", data.write_at(dice.next() % 40_000, &[dice.next() as u8; 50])),
            None => String::new(),
        },
        9 => {
            let to = files.resolve(None, &path).map_err(Failure::status);
            let renamed = to
                .map(|to| files.rename(body, &to, Existing::of(dice.below(2) == 0)).map_err(Failure::status));
            format!("{path}: {renamed:?}")
        }
        10 => format!("{:?}", files.set_delete(body, dice.below(2) == 0).map_err(Failure::status)),
        11 => {
            let Ok(file) = files.get(body) else { return String::new() };
            let listed = files.vfs.list(&file.location).unwrap_or_default();
            let scan = Scan::new(listed, Pattern::new("*").unwrap());
            files.get_mut(body).unwrap().scan.get_or_insert(scan);
            format!("{:?}", files.get_mut(body).unwrap().scan.as_mut().unwrap().advance())
        }
        12 => {
            let name = PackageName::new(Xuid(1), 2, 1, ["one", "two"][dice.below(2)]).unwrap();
            let mode = PackageMode::of(1 + dice.below(5) as u32).unwrap();
            let opened = files.open_package("save", &name, mode, PackageHeader::new(Xuid(1), "A game"));
            format!("{opened:?}")
        }
        13 => format!(
            "{:?} {:?}",
            files.flush_package("save"),
            (dice.below(2) == 0).then(|| files.close_package("save"))
        ),
        14 => {
            let device_type = [61, 7][dice.below(2)];
            let linked = files.link("work:", [r"\Device\Harddisk0\Cache1", r"\Device\Cdrom0"][dice.below(2)]);
            format!(
                "{linked:?} {:?}",
                files.name_device(GuestAddr(0x5000), r"\Device\Own", device_type).map_err(Failure::status)
            )
        }
        _ => {
            let Ok(file) = files.get(body) else { return String::new() };
            file.set_position(file.position() + dice.next() % 100);
            let read = file.data().map(|data| {
                let mut into = [0; 64];
                (data.read_at(file.position(), &mut into), into, data.size())
            });
            let entry = files.entry(body).map_err(Failure::status);
            format!("{entry:?} {read:?} {:?}", files.is_delete_pending(body).map_err(Failure::status))
        }
    }
}

#[test]
fn restored_files_continue_as_the_saved_ones() {
    let objects = objects();
    let mut packages = 0;
    let mut busy = 0;
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let mut next = 0x10_0000;
        let mut files = fresh(&NoStorage);
        for _ in 0..80 {
            operate(&mut files, &mut next, &mut dice);
        }
        let state = saved(&files).unwrap();
        let mut again = restored(&NoStorage, &state, &objects).unwrap();
        assert!(saved(&again).unwrap() == state, "seed {seed}");
        busy += usize::from(files.open.len() > 3);
        packages += usize::from(files.package_is_on_disc("save").is_some());
        let mut same_dice = Dice(dice.0);
        let mut same_next = next;
        for step in 0..80 {
            let one = operate(&mut files, &mut next, &mut dice);
            let other = operate(&mut again, &mut same_next, &mut same_dice);
            assert_eq!(one, other, "seed {seed}, step {step}");
        }
        assert!(saved(&files).unwrap() == saved(&again).unwrap(), "seed {seed}");
    }
    assert!(packages > 20 && busy > 20, "{packages} of 60 had a package open, {busy} many files");
}

#[test]
fn changed_states_of_files_are_refused_or_work() {
    let objects = objects();
    let mut dice = Dice(3);
    let mut next = 0x10_0000;
    let mut files = fresh(&NoStorage);
    for _ in 0..60 {
        operate(&mut files, &mut next, &mut dice);
    }
    let (state, parts) = saved(&files).unwrap();
    let mut worked = 0;
    let mut refused = 0;
    for at in 0..state.bytes.len() {
        for change in [1, 0x80] {
            let mut changed = state.clone();
            changed.bytes[at] ^= change;
            match restored(&NoStorage, &(changed, parts.clone()), &objects) {
                Ok(mut files) => {
                    let mut dice = Dice(8);
                    let mut next = 0x20_0000;
                    for _ in 0..20 {
                        operate(&mut files, &mut next, &mut dice);
                    }
                    worked += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(worked > 100 && refused > 100, "{worked} worked, {refused} were refused");
}

#[test]
fn files_of_the_medium_are_the_same_or_refused() {
    let objects = objects();
    let mut files = fresh(&NoStorage);
    let (file, _) = files.open(&OpenParameters::to_read(r"game:\media\a.bin", 1)).unwrap();
    files.insert(GuestAddr(0x1000), file);
    let (state, parts) = saved(&files).unwrap();
    let mut other = fresh(&NoStorage);
    let mut volume = formats::Volume::default();
    let media = volume.add_directory(formats::Volume::ROOT, "Media").unwrap();
    volume.add_file(media, "a.bin", Arc::new(vec![1])).unwrap();
    other.mount_title_volume(Arc::new(volume)).unwrap();
    let mut restore = |changed| {
        let mut bytes = SavedBytes::new(parts.clone());
        other.release_all();
        other.restore(state.decode().unwrap(), &mut bytes, &objects, &TITLES, changed)
    };
    let reason = r"\Device\Cdrom0\media\a.bin: it has another size than in the state";
    assert_eq!(restore(ChangedFiles::Refused).unwrap_err().to_string(), reason);
    assert_eq!(restore(ChangedFiles::Opened), Ok(()), "a machine that goes back");
    // The medium is another one since the file was opened.
    files.disc = Some(2);
    let reason = r"\Device\Cdrom0\media\a.bin is open: it is on the disc that was in the drive before";
    assert_eq!(saved(&files).unwrap_err().to_string(), reason);
}

#[test]
fn completions_and_those_that_wait_for_them_are_kept_in_order() {
    let objects = objects();
    let mut files = fresh(&NoStorage);
    let port = GuestAddr(0x8000);
    files.tables.ports.lock().insert(port);
    files.tables.ports.lock().insert(GuestAddr(0x9000));
    let completion = |key| Completion { key, context: 1, status: 2, information: 3 };
    let receiver = |idx| Receiver {
        thread: ThreadRef { hw_id: 1, generation: 2, idx },
        key: GuestAddr(4),
        context: GuestAddr(8),
        status_block: GuestAddr(12),
    };
    for key in [7, 5, 6] {
        assert_eq!(files.tables.ports.lock().post(port, completion(key)), Ok(None));
    }
    for idx in [9, 3] {
        files.tables.ports.lock().wait(GuestAddr(0x9000), receiver(idx), None);
    }
    let state = saved(&files).unwrap();
    let mut again = restored(&NoStorage, &state, &objects).unwrap();
    assert!(saved(&again).unwrap() == state);
    for files in [&mut files, &mut again] {
        let keys: Vec<_> =
            std::iter::from_fn(|| files.tables.ports.lock().take(port)).map(|taken| taken.key).collect();
        assert_eq!(keys, [7, 5, 6]);
        assert_eq!(files.tables.ports.lock().post(GuestAddr(0x9000), completion(1)), Ok(Some(receiver(3))));
        files.tables.ports.lock().cancel(receiver(9).thread);
        assert_eq!(files.tables.ports.lock().post(GuestAddr(0x9000), completion(1)), Ok(None));
    }
}
