//! Random mapping calls against a plain model: metadata, rights, contents and aliases stay
//! consistent.

use crate::common::space;
use proptest::prelude::*;
use xenia_guest::GuestAddr;
use xenia_memory::{AllocKind, DeviceQueue, GuestMemory, Heap, HeapError, Protect, RegionState, physical};

/// Windows of 64 pages of 4 KiB in four heaps; the last two are the same physical memory.
const WINDOWS: [u32; 4] = [0x0100_0000, 0x5000_0000, 0xA300_0000, 0xE2FF_F000];
const PAGES: u32 = 64;
const PROTECTS: [Protect; 4] =
    [Protect::READ_WRITE, Protect::READ_ONLY, Protect::NO_ACCESS, Protect::EXECUTE_READ_WRITE];

#[derive(Clone, Copy, Debug)]
enum Call {
    Reserve,
    Commit,
    Both,
    Decommit,
    Free,
    FreePart,
    Protect,
}

#[derive(Clone, Debug)]
struct Step {
    call: Call,
    window: usize,
    page: u32,
    pages: u32,
    protect: usize,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use Call::*;
    let call = prop_oneof![
        Just(Reserve),
        Just(Commit),
        Just(Both),
        Just(Decommit),
        Just(Free),
        Just(FreePart),
        Just(Protect)
    ];
    let step = (call, 0..WINDOWS.len(), 0..PAGES, 1..20_u32, 0..PROTECTS.len());
    let step =
        step.prop_map(|(call, window, page, pages, protect)| Step { call, window, page, pages, protect });
    prop::collection::vec(step, 1..60)
}

/// The model's state of one 4 KiB page: its allocation (by its first page), the window of that, and
/// its protection if committed.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Page {
    allocation: u32,
    window: usize,
    protect: Option<Protect>,
}

#[derive(Default)]
struct Model {
    /// Virtual 4K, virtual 64K, physical (indexed from physical 0x3000000).
    zones: [Vec<Option<Page>>; 3],
}

impl Model {
    fn zone(window: usize) -> usize {
        window.min(2)
    }

    /// The range rounded out to the heap's pages, within the window's zone; `None` if it leaves the
    /// model.
    fn round(step: &Step) -> Option<std::ops::Range<usize>> {
        let grain = if matches!(step.window, 1 | 2) { 16 } else { 1 };
        let start = step.page / grain * grain;
        let end = (step.page + step.pages).next_multiple_of(grain);
        (end <= PAGES).then_some(start as usize..end as usize)
    }

    /// Whether the call succeeds; applies it if so.
    fn apply(&mut self, step: &Step) -> bool {
        let Some(range) = Self::round(step) else { return false };
        let first = range.start as u32;
        let zone = &mut self.zones[Self::zone(step.window)];
        let protect = PROTECTS[step.protect];
        let start = zone[range.start];
        let inside = start.is_some_and(|s| {
            s.window == step.window
                && zone[range.clone()].iter().all(|p| p.is_some_and(|p| p.allocation == s.allocation))
        });
        match step.call {
            Call::Reserve | Call::Both => {
                let free = zone[range.clone()].iter().all(Option::is_none);
                if free {
                    let protect = matches!(step.call, Call::Both).then_some(protect);
                    let page = Page { allocation: first, window: step.window, protect };
                    zone[range].fill(Some(page));
                }
                free
            }
            Call::Commit | Call::Decommit => {
                if inside {
                    for page in zone[range].iter_mut().flatten() {
                        page.protect = matches!(step.call, Call::Commit).then_some(protect);
                    }
                }
                inside
            }
            Call::Protect => {
                let committed = inside && zone[range.clone()].iter().flatten().all(|p| p.protect.is_some());
                if committed {
                    zone[range].iter_mut().flatten().for_each(|p| p.protect = Some(protect));
                }
                committed
            }
            Call::Free => {
                // Frees the allocation of the first page, if that page starts it.
                let starts = start.is_some_and(|s| s.window == step.window && s.allocation == first);
                if starts {
                    for page in zone.iter_mut() {
                        if page.is_some_and(|p| p.allocation == first && p.window == step.window) {
                            *page = None;
                        }
                    }
                }
                starts
            }
            Call::FreePart => {
                if let Some(freed) = start.filter(|_| inside) {
                    let end = range.end;
                    zone[range].fill(None);
                    // The pages behind the range become an allocation of their own.
                    for page in zone[end..].iter_mut().flatten() {
                        if page.allocation == freed.allocation && page.window == freed.window {
                            page.allocation = end as u32;
                        }
                    }
                }
                inside
            }
        }
    }
}

fn run(memory: &GuestMemory, step: &Step) -> Result<(), HeapError> {
    let addr = GuestAddr(WINDOWS[step.window] + step.page * 0x1000);
    let size = step.pages * 0x1000;
    let protect = PROTECTS[step.protect];
    match step.call {
        Call::Reserve => memory.alloc_fixed(addr, size, AllocKind::Reserve, protect).map(|_| ()),
        Call::Commit => memory.alloc_fixed(addr, size, AllocKind::Commit, protect).map(|_| ()),
        Call::Both => memory.alloc_fixed(addr, size, AllocKind::ReserveCommit, protect).map(|_| ()),
        Call::Decommit => memory.decommit(addr, size).map(|_| ()),
        Call::Protect => memory.protect(addr, size, protect).map(|_| ()),
        Call::FreePart => memory.free_part(addr, size).map(|_| ()),
        Call::Free => {
            // The heap's page, as the model rounds.
            let grain = Heap::of(addr).map_or(0x1000, Heap::page_size);
            memory.free(addr.align_down(grain)).map(|_| ())
        }
    }
}

fn check(memory: &GuestMemory, model: &Model, contents: &mut [[u32; PAGES as usize]; 3]) {
    let mut dev = DeviceQueue::new();
    for (window, &base) in WINDOWS.iter().enumerate() {
        let zone = Model::zone(window);
        for (page, value) in contents[zone].iter_mut().enumerate() {
            let addr = base + page as u32 * 0x1000;
            let known = model.zones[zone][page];
            let region = memory.query(GuestAddr(addr)).unwrap();
            let state = match known.filter(|p| p.window == window) {
                None => RegionState::Free,
                Some(p) if p.protect.is_none() => RegionState::Reserved,
                Some(_) => RegionState::Committed,
            };
            assert_eq!(region.state, state, "{addr:#x}");
            // Rights and contents are the same through every view.
            let protect = known.and_then(|p| p.protect);
            assert_eq!(memory.is_committed(GuestAddr(addr)), protect.is_some(), "{addr:#x}");
            assert_eq!(
                memory.is_writable(GuestAddr(addr)),
                protect.is_some_and(Protect::writable),
                "{addr:#x}"
            );
            match protect {
                None => *value = 0,
                Some(p) if p.readable() => {
                    assert_eq!(memory.load_u32(addr, &mut dev), Ok(*value), "{addr:#x}");
                }
                Some(_) => assert!(memory.load_u32(addr, &mut dev).is_err()),
            }
            if protect.is_some() {
                assert_eq!(memory.read::<u32>(GuestAddr(addr)), Ok(*value), "{addr:#x}");
            }
        }
    }
    // Mark every committed page, so that a wrong or a missing clearing is detected.
    for (window, &base) in WINDOWS.iter().enumerate() {
        for (page, value) in contents[Model::zone(window)].iter_mut().enumerate() {
            let addr = GuestAddr(base + page as u32 * 0x1000);
            if memory.is_committed(addr) {
                *value = 0x5000_0000 | page as u32;
                memory.write(addr, *value).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    #[test]
    fn mapping_calls_agree_with_the_model(steps in steps()) {
        assert_eq!(physical(GuestAddr(WINDOWS[2])), physical(GuestAddr(WINDOWS[3])));
        let memory = space();
        let mirror = GuestMemory::new_mirror().unwrap();
        memory.guest_base();
        memory.set_mirror(Some(mirror.clone()));
        let mut model = Model::default();
        model.zones.iter_mut().for_each(|zone| zone.resize(PAGES as usize, None));
        let mut contents = [[0; PAGES as usize]; 3];
        for step in &steps {
            // Skip steps that leave the model.
            if Model::round(step).is_none() {
                continue;
            }
            let result = run(&memory, step);
            prop_assert_eq!(result.is_ok(), model.apply(step), "{:?}: {:?}", step, result);
            check(&memory, &model, &mut contents);
        }
        prop_assert_eq!(memory.compare(&mirror), None);
    }
}
