//! Tests of the render driver's grid and clients.

use super::*;

fn driver() -> RenderDriver {
    RenderDriver::new(Arc::default())
}

fn entry(idx: u16) -> Entry {
    let thread = ThreadRef { hw_id: 4, generation: 0, idx };
    Entry { callback: GuestAddr(0x8200_0000), cell: GuestAddr(0x4000_0000 + u32::from(idx)), thread }
}

/// Adds a client and starts it.
fn add(driver: &RenderDriver, entry: Entry, now: GuestTicks) -> Fallible<u32> {
    let handle = driver.add(entry)?;
    assert!(driver.start(handle, entry.thread, now));
    Ok(handle)
}

fn frame(value: u8) -> Box<RenderFrame> {
    Box::new([value; size_of::<RenderFrame>()])
}

#[test]
fn a_client_is_called_once_it_is_started() {
    let driver = driver();
    add(&driver, entry(1), 0).unwrap();
    let handle = driver.add(entry(2)).unwrap();
    assert_eq!(driver.take_due(FRAME_TICKS).unwrap().woken, [entry(1).thread]);
    assert!(!driver.start(handle, entry(1).thread, FRAME_TICKS), "another client's thread");
    assert!(driver.start(handle, entry(2).thread, FRAME_TICKS));
    assert_eq!(driver.take_due(2 * FRAME_TICKS).unwrap().woken, [entry(2).thread]);
}

#[test]
fn a_client_that_is_removed_before_its_start_ends() {
    let driver = driver();
    let handle = driver.add(entry(1)).unwrap();
    assert_eq!(driver.next_due(), None);
    assert_eq!(driver.remove(handle), Some(Removed::Busy));
    assert!(!driver.start(handle, entry(1).thread, 0));
    assert_eq!(driver.begin(entry(1).thread), Some(Next::End(entry(1).cell)));
    assert_eq!(driver.next_due(), None);
}

#[test]
fn a_frame_is_256_samples_of_48_khz() {
    assert_eq!(FRAME_TICKS, 266_000);
}

#[test]
fn the_grid_is_the_same_for_all_and_runs_while_there_are_clients() {
    let driver = driver();
    assert_eq!((driver.next_due(), driver.take_due(NEVER - 1)), (None, None));
    let one = add(&driver, entry(1), 5 * FRAME_TICKS).unwrap();
    assert_eq!(driver.next_due(), Some(6 * FRAME_TICKS), "a point that is now has been");
    assert_eq!(driver.take_due(6 * FRAME_TICKS - 1), None);
    let two = add(&driver, entry(2), 6 * FRAME_TICKS - 1).unwrap();
    assert_ne!(one, two);
    let due = driver.take_due(6 * FRAME_TICKS).unwrap();
    assert_eq!((due.frames.len(), due.woken), (0, vec![entry(1).thread, entry(2).thread]));
    assert_eq!(driver.next_due(), Some(7 * FRAME_TICKS));
    assert_eq!(driver.remove(one), Some(Removed::Busy));
    assert_eq!(driver.next_due(), Some(7 * FRAME_TICKS));
    assert_eq!((driver.remove(two), driver.remove(two)), (Some(Removed::Busy), None));
    assert_eq!(driver.next_due(), None);
    assert_eq!(driver.figures().underruns, 0, "no client has begun a frame");
    driver.set_has_song(true, 9 * FRAME_TICKS);
    let three = add(&driver, entry(3), 20 * FRAME_TICKS).unwrap();
    assert_eq!((driver.next_due(), driver.remove(three).is_some()), (Some(10 * FRAME_TICKS), true));
    assert_eq!(driver.take_due(10 * FRAME_TICKS), Some(Due::default()));
    assert_eq!(driver.next_due(), Some(11 * FRAME_TICKS), "a song needs no client");
    driver.set_has_song(false, 0);
    assert_eq!(driver.next_due(), None);
}

#[test]
fn render_driver_plays_one_frame_per_tick_and_counts_underruns() {
    let driver = driver();
    let client = add(&driver, entry(1), 0).unwrap();
    for value in 1..=3 {
        driver.submit(client, frame(value)).unwrap();
    }
    driver.submit(client + 1, frame(9)).unwrap();
    let mut played = Vec::new();
    while let Some(due) = driver.take_due(5 * FRAME_TICKS) {
        played.push(due.frames.first().map(|frame| frame[0]));
    }
    assert_eq!(played, [Some(1), Some(2), Some(3), None, None]);
    let figures = driver.figures();
    assert_eq!((figures.frames_played, figures.frames_submitted, figures.underruns), (5, 3, 2));
    assert_eq!((figures.callbacks, figures.callbacks_lost), (1, 3), "requested, pending, and three lost");
}

#[test]
fn points_that_were_missed_for_long_are_left_out() {
    const HOUR: GuestTicks = 3600 * TICKS_PER_SECOND;
    let driver = driver();
    add(&driver, entry(1), 0).unwrap();
    assert_eq!(driver.take_due(HOUR).unwrap().woken, [entry(1).thread]);
    assert_eq!(driver.take_due(HOUR), None);
    assert_eq!(driver.next_due(), Some(HOUR / FRAME_TICKS * FRAME_TICKS + FRAME_TICKS));
    assert_eq!(driver.figures().frames_played, 1);
    let late = driver.next_due().unwrap() + MAX_LAG;
    let played = std::iter::from_fn(|| driver.take_due(late)).count() as u64;
    assert_eq!(played, 1 + MAX_LAG / FRAME_TICKS, "a shorter stop");
}

#[test]
fn a_client_is_called_once_a_point_and_owed_at_most_one_call() {
    let driver = driver();
    add(&driver, entry(1), 0).unwrap();
    let thread = entry(1).thread;
    let waits = std::cell::Cell::new(0);
    let returned = || driver.returned(thread, || waits.set(waits.get() + 1));
    assert_eq!(driver.take_due(FRAME_TICKS).unwrap().woken, [thread]);
    assert_eq!((driver.begin(thread), driver.begin(thread)), (Some(Next::Call(entry(1))), None));
    assert!(driver.take_due(2 * FRAME_TICKS).unwrap().woken.is_empty(), "it is busy");
    assert_eq!(returned(), Some(Next::Call(entry(1))));
    assert_eq!((waits.get(), returned(), waits.get()), (0, Some(Next::Wait), 1));
    assert_eq!(driver.take_due(3 * FRAME_TICKS).unwrap().woken, [thread]);
    assert_eq!(driver.begin(entry(2).thread), None, "a thread without a client has no call");
}

#[test]
fn full_frame_queue_rejects_frames_and_pauses_callbacks() {
    let driver = driver();
    let client = add(&driver, entry(1), 0).unwrap();
    for _ in 0..64 {
        driver.submit(client, frame(1)).unwrap();
    }
    assert!(driver.submit(client, frame(1)).is_err());
    let mut asked_at = None;
    for point in 1.. {
        if !driver.take_due(point * FRAME_TICKS).unwrap().woken.is_empty() {
            asked_at = Some(point);
            break;
        }
    }
    assert_eq!(asked_at, Some(64 - TARGET_QUEUE_LENGTH as u64 + 1));
}

#[test]
fn a_removed_client_ends_its_thread() {
    let driver = driver();
    let client = add(&driver, entry(1), 0).unwrap();
    assert_eq!(driver.remove(client), Some(Removed::Waiting(entry(1).thread)));
    assert_eq!(driver.begin(entry(1).thread), Some(Next::End(entry(1).cell)));
    let client = add(&driver, entry(2), 0).unwrap();
    driver.take_due(FRAME_TICKS).unwrap();
    driver.begin(entry(2).thread).unwrap();
    driver.remove(client).unwrap();
    driver.submit(client, frame(1)).unwrap();
    assert_eq!(driver.returned(entry(2).thread, || ()), Some(Next::End(entry(2).cell)));
    assert_eq!(driver.returned(entry(2).thread, || ()), None);
    let full =
        (0..9).map(|idx| add(&driver, entry(idx), 0).and_then(|_| driver.admit())).position(|r| r.is_err());
    assert_eq!(full, Some(7), "eight clients");
}
