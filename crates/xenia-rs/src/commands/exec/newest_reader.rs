//! A thread that reads data for the window's pages.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;

/// Reading of data, and what becomes of it.
type ReadRequest = Box<dyn FnOnce() + Send>;

/// Carries out requests one after the other; of those that wait, the newest alone, as its result is
/// the one that is shown. Clones share the thread, which starts with the first request.
#[derive(Clone, Default)]
pub(super) struct NewestReader(Arc<OnceLock<mpsc::Sender<ReadRequest>>>);

impl NewestReader {
    /// Adds a request.
    pub(super) fn request(&self, read: impl FnOnce() + Send + 'static) {
        // The thread ends with the last clone.
        let _ = self.0.get_or_init(start).send(Box::new(read));
    }
}

/// Starts the thread.
fn start() -> mpsc::Sender<ReadRequest> {
    let (sender, requests) = mpsc::channel::<ReadRequest>();
    thread::spawn(move || {
        while let Ok(first) = requests.recv() {
            let newest = requests.try_iter().last().unwrap_or(first);
            // The message of a panic is on standard error; later requests are still carried out.
            let _ = catch_unwind(AssertUnwindSafe(newest));
        }
    });
    sender
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_a_newer_one_overtakes_are_left_out() {
        let reader = NewestReader::default();
        let (done, order) = mpsc::channel();
        let (go_on, gate) = mpsc::channel::<()>();
        let first = done.clone();
        reader.request(move || {
            first.send(1).unwrap();
            gate.recv().unwrap();
        });
        assert_eq!(order.recv(), Ok(1), "it has begun");
        for number in 2..=4 {
            let done = done.clone();
            reader.clone().request(move || done.send(number).unwrap());
        }
        go_on.send(()).unwrap();
        assert_eq!(order.recv(), Ok(4));
        drop((reader, done));
        assert!(order.recv().is_err(), "no other request is carried out");
    }

    #[test]
    fn requests_are_read_after_a_panic() {
        let reader = NewestReader::default();
        let (begin, begun) = mpsc::channel();
        reader.request(move || {
            begin.send(()).unwrap();
            panic!("a reading that fails");
        });
        begun.recv().unwrap();
        let (done, order) = mpsc::channel();
        reader.request(move || done.send(1).unwrap());
        assert_eq!(order.recv(), Ok(1));
    }
}
