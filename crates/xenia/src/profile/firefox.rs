//! Profiles for the Firefox profiler, in its processed format, version 55.
//!
//! Each thread has tables of columns that name each other's rows by index: samples have a stack, a
//! stack a frame and the stack below it, a frame a function, and a function a string.
//!
//! A thread has one weight for each sample, so a guest thread is two: one by time, and one by
//! instructions, which is hidden until the user shows its track.

use super::resolved::{FrameKind, ResolvedProfile, ResolvedSample, thread_name};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// Version of the format.
const VERSION: u32 = 55;

fn color(kind: FrameKind) -> &'static str {
    match kind {
        FrameKind::Guest => "blue",
        FrameKind::Kernel => "orange",
        FrameKind::Compiler => "purple",
        FrameKind::Devices => "green",
    }
}

/// The stacks of a thread, each beginning another's.
#[derive(Default)]
struct Stacks {
    prefix: Vec<Option<usize>>,
    frame: Vec<usize>,
    known: HashMap<(Option<usize>, usize), usize>,
}

impl Stacks {
    /// Index of a stack.
    fn add(&mut self, frames: &[usize]) -> Option<usize> {
        let Self { prefix, frame, known } = self;
        frames.iter().fold(None, |below, &top| {
            Some(*known.entry((below, top)).or_insert_with(|| {
                prefix.push(below);
                frame.push(top);
                frame.len() - 1
            }))
        })
    }
}

/// Weight of a thread's samples.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ThreadWeight {
    /// The number of polls that they answer.
    Time,
    /// Each represents the same number of instructions.
    Instructions,
}

impl ThreadWeight {
    fn weight_of(self, sample: &ResolvedSample) -> u64 {
        match self {
            Self::Time => sample.weight,
            Self::Instructions => (sample.instructions > 0).into(),
        }
    }
}

fn samples(all: &[ResolvedSample], by: ThreadWeight, period: Duration, stacks: &mut Stacks) -> Value {
    let mut before = 0.0;
    let samples: Vec<&ResolvedSample> = all.iter().filter(|sample| by.weight_of(sample) > 0).collect();
    let deltas: Vec<f64> = samples
        .iter()
        .map(|sample| {
            let at = sample.at.as_secs_f64() * 1e3;
            at - std::mem::replace(&mut before, at)
        })
        .collect();
    let busy =
        |sample: &&ResolvedSample| u64::try_from(period.as_micros()).unwrap_or(0) * by.weight_of(sample);
    json!({
        "length": samples.len(),
        "weightType": "samples",
        "stack": samples.iter().map(|sample| stacks.add(&sample.stack)).collect::<Vec<_>>(),
        "timeDeltas": deltas,
        "weight": samples.iter().map(|sample| by.weight_of(sample)).collect::<Vec<_>>(),
        "threadCPUDelta": samples.iter().map(busy).collect::<Vec<_>>(),
    })
}

fn frame_table(categories: &[usize]) -> Value {
    let numbers: Vec<usize> = (0..categories.len()).collect();
    let all = |value: Value| vec![value; categories.len()];
    json!({
        "length": categories.len(),
        "address": all(json!(-1)),
        "inlineDepth": all(json!(0)),
        "category": categories,
        "subcategory": all(json!(0)),
        "func": numbers,
        "nativeSymbol": all(Value::Null),
        "innerWindowID": all(json!(0)),
        "line": all(Value::Null),
        "column": all(Value::Null),
    })
}

fn function_table(length: usize) -> Value {
    let numbers: Vec<usize> = (0..length).collect();
    let all = |value: Value| vec![value; length];
    json!({
        "length": length,
        "name": numbers,
        "isJS": all(json!(false)),
        "relevantForJS": all(json!(false)),
        "resource": all(json!(-1)),
        "fileName": all(Value::Null),
        "lineNumber": all(Value::Null),
        "columnNumber": all(Value::Null),
    })
}

fn thread(
    profile: &ResolvedProfile,
    id: Option<u32>,
    of_thread: &[ResolvedSample],
    by: ThreadWeight,
) -> Value {
    let mut stacks = Stacks::default();
    let samples = samples(of_thread, by, profile.period, &mut stacks);
    let name = thread_name(id);
    let tid = id.map_or_else(|| "emulator".to_owned(), |id| id.to_string());
    let (name, tid) = match by {
        ThreadWeight::Time => (name, tid),
        ThreadWeight::Instructions => (format!("{name}, by instructions"), format!("{tid}-instructions")),
    };
    // Every thread has all frames: frame, function and string have the same index.
    let frames = &profile.frames;
    let names: Vec<&str> = frames.iter().map(|frame| frame.name.as_str()).collect();
    let categories: Vec<usize> = frames.iter().map(|frame| frame.kind as usize).collect();
    json!({
        "frameTable": frame_table(&categories),
        "funcTable": function_table(frames.len()),
        "markers": {
            "length": 0, "category": [], "data": [], "endTime": [], "name": [], "phase": [], "startTime": [],
        },
        "name": name,
        "isMainThread": false,
        "nativeSymbols": { "length": 0, "address": [], "functionSize": [], "libIndex": [], "name": [] },
        "pausedRanges": [],
        "pid": "1",
        "processName": profile.title,
        "processShutdownTime": Value::Null,
        "processStartupTime": 0.0,
        "processType": "default",
        "registerTime": 0.0,
        "resourceTable": { "length": 0, "lib": [], "name": [], "host": [], "type": [] },
        "samples": samples,
        "stackTable": { "length": stacks.frame.len(), "prefix": stacks.prefix, "frame": stacks.frame },
        "stringArray": names,
        "tid": tid,
        "unregisterTime": Value::Null,
        "showMarkersInTimeline": false,
    })
}

/// The profile in the processed format.
pub(super) fn json(profile: &ResolvedProfile) -> Value {
    let category =
        |kind: FrameKind| json!({ "name": kind.name(), "color": color(kind), "subcategories": ["Other"] });
    let all = |by| profile.threads.iter().map(move |(&id, samples)| thread(profile, id, samples, by));
    let by_time: Vec<Value> = all(ThreadWeight::Time).collect();
    let is_guest = |thread: &Value| thread["samples"]["length"] != 0;
    let visible = by_time.len();
    let by_instructions = all(ThreadWeight::Instructions).filter(is_guest);
    let threads: Vec<Value> = by_time.into_iter().chain(by_instructions).collect();
    json!({
        "meta": {
            "categories": FrameKind::ALL.map(category),
            "debug": false,
            "extensions": { "length": 0, "baseURL": [], "id": [], "name": [] },
            "interval": profile.period.as_secs_f64() * 1e3,
            "preprocessedProfileVersion": VERSION,
            "processType": 0,
            "product": profile.title,
            "sampleUnits": { "time": "ms", "eventDelay": "ms", "threadCPUDelta": "µs" },
            "startTime": 0.0,
            "symbolicated": true,
            "pausedRanges": [],
            "version": 24,
            "usesOnlyOneStackType": true,
            "sourceCodeIsNotOnSearchfox": true,
            "markerSchema": [],
            "initialVisibleThreads": (0..visible).collect::<Vec<_>>(),
        },
        "libs": [],
        "threads": threads,
        "pages": [],
        "profilerOverhead": [],
        "counters": [],
    })
}

#[cfg(test)]
mod tests {
    use super::super::resolved::ProfiledFrame;
    use super::*;

    #[test]
    fn guest_threads_are_shown_by_time_and_hidden_by_instructions() {
        let sample = |at, weight, instructions| ResolvedSample {
            at: Duration::from_millis(at),
            stack: vec![0],
            weight,
            instructions,
        };
        let frames = vec![ProfiledFrame { name: "f".to_owned(), kind: FrameKind::Guest }];
        let threads = [
            (None, vec![sample(1, 1, 0)]),
            (Some(7), vec![sample(2, 3, 0), sample(4, 0, 500), sample(5, 1, 500)]),
        ];
        let profile = ResolvedProfile { frames, threads: threads.into(), ..ResolvedProfile::default() };
        let json = json(&profile);
        let of = |index: usize| {
            let thread = &json["threads"][index];
            (thread["name"].as_str().unwrap(), &thread["samples"]["weight"], &thread["samples"]["timeDeltas"])
        };
        assert_eq!(of(0), ("emulator", &json!([1]), &json!([1.0])));
        assert_eq!(of(1), ("guest thread 7", &json!([3, 1]), &json!([2.0, 3.0])));
        assert_eq!(of(2), ("guest thread 7, by instructions", &json!([1, 1]), &json!([4.0, 1.0])));
        assert_eq!(json["threads"].as_array().unwrap().len(), 3);
        assert_eq!(json["meta"]["initialVisibleThreads"], json!([0, 1]));
    }

    #[test]
    fn stacks_with_the_same_beginning_share_it() {
        let mut stacks = Stacks::default();
        assert_eq!(stacks.add(&[]), None);
        assert_eq!(
            [stacks.add(&[7, 8]), stacks.add(&[7]), stacks.add(&[7, 9]), stacks.add(&[7, 8])],
            [Some(1), Some(0), Some(2), Some(1)]
        );
        assert_eq!((stacks.prefix, stacks.frame), (vec![None, Some(0), Some(0)], vec![7, 8, 9]));
    }
}
