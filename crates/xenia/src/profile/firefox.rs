//! Profiles for the Firefox profiler, in its processed format, version 55.
//!
//! Each thread has tables of columns that name each other's rows by index: samples have a stack, a
//! stack a frame and the stack below it, a frame a function, and a function a string.

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

fn samples(samples: &[ResolvedSample], period: Duration, stacks: &mut Stacks) -> Value {
    let mut before = 0.0;
    let deltas: Vec<f64> = samples
        .iter()
        .map(|sample| {
            let at = sample.at.as_secs_f64() * 1e3;
            at - std::mem::replace(&mut before, at)
        })
        .collect();
    let busy = |sample: &ResolvedSample| u64::try_from(period.as_micros()).unwrap_or(0) * sample.weight;
    json!({
        "length": samples.len(),
        "weightType": "samples",
        "stack": samples.iter().map(|sample| stacks.add(&sample.stack)).collect::<Vec<_>>(),
        "timeDeltas": deltas,
        "weight": samples.iter().map(|sample| sample.weight).collect::<Vec<_>>(),
        "threadCPUDelta": samples.iter().map(busy).collect::<Vec<_>>(),
    })
}

fn thread(profile: &ResolvedProfile, id: Option<u32>, of_thread: &[ResolvedSample]) -> Value {
    let mut stacks = Stacks::default();
    let samples = samples(of_thread, profile.period, &mut stacks);
    // Every thread has all frames: frame, function and string have the same index.
    let frames = &profile.frames;
    let numbers: Vec<usize> = (0..frames.len()).collect();
    let all = |value: Value| vec![value; frames.len()];
    let names: Vec<&str> = frames.iter().map(|frame| frame.name.as_str()).collect();
    let categories: Vec<usize> = frames.iter().map(|frame| frame.kind as usize).collect();
    json!({
        "frameTable": {
            "length": frames.len(),
            "address": all(json!(-1)),
            "inlineDepth": all(json!(0)),
            "category": categories,
            "subcategory": all(json!(0)),
            "func": numbers,
            "nativeSymbol": all(Value::Null),
            "innerWindowID": all(json!(0)),
            "line": all(Value::Null),
            "column": all(Value::Null),
        },
        "funcTable": {
            "length": frames.len(),
            "name": numbers,
            "isJS": all(json!(false)),
            "relevantForJS": all(json!(false)),
            "resource": all(json!(-1)),
            "fileName": all(Value::Null),
            "lineNumber": all(Value::Null),
            "columnNumber": all(Value::Null),
        },
        "markers": {
            "length": 0, "category": [], "data": [], "endTime": [], "name": [], "phase": [], "startTime": [],
        },
        "name": thread_name(id),
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
        "tid": id.map_or_else(|| "emulator".to_owned(), |id| id.to_string()),
        "unregisterTime": Value::Null,
        "showMarkersInTimeline": false,
    })
}

/// The profile in the processed format.
pub(super) fn json(profile: &ResolvedProfile) -> Value {
    let category =
        |kind: FrameKind| json!({ "name": kind.name(), "color": color(kind), "subcategories": ["Other"] });
    let threads: Vec<Value> =
        profile.threads.iter().map(|(&id, samples)| thread(profile, id, samples)).collect();
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
            "initialVisibleThreads": (0..threads.len()).collect::<Vec<_>>(),
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
    use super::*;

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
