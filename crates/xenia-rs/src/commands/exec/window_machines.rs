//! The machines of a window: those of a title and of the titles that it launches.

use super::Outputs;
use super::ending::{CurrentRun, Moment};
use super::internals;
use super::machine::{MachinePorts, RunResources, machine};
use super::open_title::OpenTitle;
use super::windowed::WindowPorts;
use crate::cli::ExecArgs;
use anyhow::Result;
use xenia::content::HeldContent;
use xenia::drawing::Compiling;
use xenia::gpu_port::Capture;
use xenia::interrupt::Interrupt;
use xenia::launches::{self, EarlierTitles, RunPlan};
use xenia::machine::{Finished, Launched, Machine};
use xenia::pace::Pace;
use xenia::say::{errln, remark};
use xenia::state_slots::{StateSlot, StateSlots};
use xenia::title::Title;
use xenia_cli::limits;
use xenia_render::{Figures, FrameSender, Phase};

/// A run of a title, and the window that shows its frames.
pub(super) struct WindowMachines<'a> {
    pub(super) args: &'a ExecArgs,
    pub(super) open_title: &'a OpenTitle,
    pub(super) saves: &'a HeldContent,
    pub(super) ports: &'a WindowPorts<'a>,
    pub(super) sender: &'a FrameSender,
    pub(super) outputs: &'a Outputs,
    pub(super) interrupt: &'a Interrupt,
}

impl WindowMachines<'_> {
    /// Runs the title and the titles that it launches, one machine after the other.
    pub(super) fn run(&self, title: Title) -> Result<Finished> {
        let limits = limits(&self.args.run, &self.args.engine);
        let start_state = self.args.states.load_state.as_deref();
        let plan = RunPlan { start_state, ..RunPlan::new(&limits) };
        launches::run(title, plan, |title, before, launched| -> Result<Machine> {
            let mut machine = self.build(title, before, launched)?;
            CurrentRun::handle_exit(Moment::Machine);
            self.sender.phase(Phase::Running);
            self.connect(&mut machine, before);
            Ok(machine)
        })
    }

    fn build(&self, title: &Title, before: &EarlierTitles, launched: Option<Launched>) -> Result<Machine> {
        let Self { args, ports, sender, .. } = *self;
        let window = sender.clone();
        let video = ports.videos.recorder.clone();
        let (_, frames) = self.outputs.port(before.frames, move |number, now, frame| {
            video.picture(now, &frame);
            window.frame(number, frame);
        });
        let compiled = |what, done, total| {
            sender.phase(match what {
                Compiling::Pipelines => Phase::Pipelines { done, total },
                Compiling::Code => Phase::Code { done, total },
            });
        };
        let id = title.image.execution.map(|execution| execution.title_id.0);
        sender.controller(ports.input.open(id));
        let connected = MachinePorts {
            capture: Capture::Every,
            frames,
            guest_log: &self.outputs.guest_log,
            input: Box::new(ports.controllers.clone()),
            dialogs: ports.dialogs(args, sender),
        };
        let resources = RunResources {
            compiled: &compiled,
            interrupt: self.interrupt,
            volume: Some(ports.volume),
            video: Some(&ports.videos.recorder),
            device: sender.device(),
            saves: self.saves,
        };
        machine(args, title, before, launched, connected, resources)
    }

    /// Connects a machine to the window's displays and to the user's requests there.
    fn connect(&self, machine: &mut Machine, before: &EarlierTitles) {
        let figures = self.sender.clone();
        let frames_before = before.frames;
        let frame_limit = self.args.window.frame_limit.0;
        machine.set_pace(Pace::new(self.ports.control.clone(), frame_limit, move |now| {
            figures.figures(&Figures { frames: frames_before + now.frames, ..now });
        }));
        machine.set_interrupt(self.interrupt.clone());
        if let Ok(slots) = &self.open_title.slots {
            self.connect_slots(machine, slots);
        }
        let views = self.sender.clone();
        machine.set_inspector(Box::new(move |machine| views.internals(internals::panes(machine))));
        let rewinds = self.sender.clone();
        machine.set_rewind_sink(Box::new(move |text| rewinds.value(text)));
        let reports = self.sender.clone();
        machine.set_report_sink(self.open_title.reports.sink(move |text| reports.message(text)));
    }

    fn connect_slots(&self, machine: &mut Machine, slots: &StateSlots) {
        let messages = self.sender.clone();
        let pictures = slots.clone();
        machine.set_state_slots(
            slots.clone(),
            Box::new(move |slot, saved| {
                pictures.settle_picture(slot, &saved);
                let text = saved_text(slot, &saved);
                // The window may be closing, and then it shows no more messages.
                match &saved {
                    Err(_) => errln!("xenia-rs: {text}"),
                    Ok(()) if slot == StateSlot::Exit => remark!("xenia-rs: {text}"),
                    Ok(()) => {}
                }
                messages.message(text);
            }),
        );
        if self.args.states.resume {
            machine.save_at_exit();
        }
    }
}

/// Message about a state that was saved to a slot, or was not.
fn saved_text(slot: StateSlot, saved: &Result<()>) -> String {
    match (saved, slot) {
        (Ok(()), StateSlot::Exit) => "saved, to continue from here".to_owned(),
        (Err(error), StateSlot::Exit) => format!("the next run starts from the beginning: {error:#}"),
        (Ok(()), StateSlot::Undo) => "the state before the load can be loaded, too".to_owned(),
        (Ok(()), StateSlot::Replaced) => "the replaced state can be loaded, too".to_owned(),
        (Ok(()), StateSlot::Player(index)) => format!("saved to slot {}", index + 1),
        (Err(error), StateSlot::Undo) => format!("not loaded, as this moment can't be saved: {error:#}"),
        (Err(error), _) => format!("no state is saved: {error:#}"),
    }
}
