//! Restarts under load, on a port in memory that vanishes with a device that is made up.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::background::{Outcome, Restarting};
use super::fake::FakeClock;
use super::restarts::{Plan, Report, World, run};
use crate::backend::memory::{Fault, Memory, PORT_NAME};
use crate::backend::{
    Backend, Cable, Carries, DeviceReport, FarEnd, Ports, ReceivedBytes, Session, Setup, Uart,
    WireByte, Work,
};
use crate::driver::fake::{FakeWindows, PACKAGE};
use crate::driver::restart::restart;
use crate::driver::windows::Restart;
use crate::failure::{CLEAN, DATA_WRONG, DEVICE_ERROR, Failure, NO_LOOP, NO_SUCH_PORT};
use crate::interrupt::Interrupt;

/// What the port and the device have in common.
struct Scene {
    /// The port is not there.
    is_gone: bool,
    /// How often it vanished; an opened port is of one time only.
    generation: u32,
    /// How often it was opened.
    opened: usize,
    /// What goes wrong in the run of that number.
    faults: Vec<(usize, Fault)>,
    /// The runs in which nothing is heard.
    deaf: Vec<usize>,
    /// Whether a restart takes the port away, and whether it gives it back.
    vanishes: bool,
    returns: bool,
    windows: FakeWindows,
    /// How often a restart is asked for its outcome before it has one.
    polls: u32,
    begun: u32,
}

impl Default for Scene {
    fn default() -> Self {
        let mut windows = FakeWindows::default();
        let device = r"ROOT\MEDIA\0000".to_owned();
        windows.state.devices.insert(device, Some(PACKAGE.into()));
        Self {
            is_gone: false,
            generation: 0,
            opened: 0,
            faults: Vec::new(),
            deaf: Vec::new(),
            vanishes: true,
            returns: true,
            windows,
            polls: 3,
            begun: 0,
        }
    }
}

#[derive(Clone)]
struct Stage(Arc<Mutex<Scene>>);

impl Stage {
    fn new(scene: Scene) -> Self {
        Self(Arc::new(Mutex::new(scene)))
    }

    fn scene(&self) -> MutexGuard<'_, Scene> {
        self.0.lock().expect("a whole scene")
    }
}

struct Device {
    stage: Stage,
    polls_left: u32,
}

impl Restarting for Device {
    fn begin(&mut self) {
        let mut scene = self.stage.scene();
        scene.begun += 1;
        if scene.vanishes {
            scene.is_gone = true;
            scene.generation += 1;
        }
        self.polls_left = scene.polls;
    }

    fn outcome(&mut self) -> Option<Outcome> {
        if self.polls_left > 0 {
            self.polls_left -= 1;
            return None;
        }
        let mut scene = self.stage.scene();
        scene.is_gone &= !scene.returns;
        Some(restart(&mut scene.windows))
    }
}

impl Backend for Stage {
    fn quirks(&self, _uart: Uart) -> Vec<&'static str> {
        Vec::new()
    }

    fn ports(&self, setup: &Setup) -> Result<Ports, Failure> {
        if self.scene().is_gone {
            return Ok(Ports::default());
        }
        Memory::default().ports(setup)
    }

    fn run(&self, setup: &Setup, work: &mut Work<'_>) -> Result<DeviceReport, Failure> {
        let (generation, outward, is_deaf) = {
            let mut scene = self.scene();
            let number = scene.opened;
            scene.opened += 1;
            let mut faults = scene.faults.iter();
            let fault = faults.find(|(run, _)| *run == number);
            let fault = fault.map(|(_, fault)| *fault);
            (scene.generation, fault, scene.deaf.contains(&number))
        };
        let memory = Memory {
            cable: Cable {
                wire_visible: false,
                far_end: FarEnd::AssumedLoop,
                carries: Carries::Messages,
            },
            outward,
            inward: None,
        };
        memory.run(setup, &mut |session| {
            work(&mut Vanishing {
                session,
                generation,
                is_deaf,
                stage: self.clone(),
            })
        })
    }
}

struct Vanishing<'s> {
    session: &'s mut dyn Session,
    generation: u32,
    is_deaf: bool,
    stage: Stage,
}

impl Vanishing<'_> {
    fn is_there(&self) -> Result<(), Failure> {
        if self.stage.scene().generation == self.generation {
            return Ok(());
        }
        Err(Failure::Device("the port is gone".into()))
    }
}

impl Session for Vanishing<'_> {
    fn cable(&self) -> Cable {
        self.session.cable()
    }

    fn now(&self) -> Duration {
        self.session.now()
    }

    fn open_output(&mut self) -> Result<(), Failure> {
        self.is_there()?;
        self.session.open_output()
    }

    fn close_output(&mut self) -> Result<(), Failure> {
        self.is_there()?;
        self.session.close_output()
    }

    fn open_input(&mut self) -> Result<(), Failure> {
        self.is_there()?;
        self.session.open_input()
    }

    fn close_input(&mut self) -> Result<(), Failure> {
        self.is_there()?;
        self.session.close_input()
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.is_there()?;
        self.session.send(bytes)
    }

    fn wait_until(&mut self, at: Duration) -> Result<(), Failure> {
        self.is_there()?;
        self.session.wait_until(at)
    }

    fn drain(&mut self, limit: Duration) -> Result<(), Failure> {
        self.is_there()?;
        self.session.drain(limit)
    }

    fn received(&mut self) -> Vec<ReceivedBytes> {
        let mut received = self.session.received();
        received.retain(|_| !self.is_deaf);
        received
    }

    fn on_the_wire(&mut self) -> Vec<WireByte> {
        self.session.on_the_wire()
    }

    fn far_end_sends(&mut self, bytes: &[u8]) -> Result<Duration, Failure> {
        self.session.far_end_sends(bytes)
    }
}

/// Restarts under load; returns the report and the lines.
fn restarted(scene: Scene, times: u32) -> (Report, String, Stage) {
    let interrupt = Interrupt::default();
    restarted_until(scene, times, Some(PORT_NAME), &interrupt, usize::MAX)
}

/// The same, interrupted after so many lines.
fn restarted_until(
    scene: Scene,
    times: u32,
    port: Option<&str>,
    interrupt: &Interrupt,
    most: usize,
) -> (Report, String, Stage) {
    let stage = Stage::new(scene);
    let mut device = Device {
        stage: stage.clone(),
        polls_left: 0,
    };
    let plan = Plan {
        times,
        port: port.map(str::to_owned),
    };
    let mut world = World {
        restarting: &mut device,
        backend: &stage,
        clock: &mut FakeClock::default(),
        interrupt,
    };
    let mut lines = String::new();
    let report = run(&plan, &mut world, &mut |line| {
        lines.push_str(line);
        if lines.lines().count() >= most {
            interrupt.raise();
        }
        Ok(())
    });
    (report.expect("a report"), lines, stage)
}

#[test]
fn a_port_that_vanishes_and_comes_back_is_clean() {
    let (report, lines, stage) = restarted(Scene::default(), 3);
    assert_eq!(report.exit_code(), CLEAN, "{report:?}");
    assert_eq!(stage.scene().begun, 3);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(
        lines.lines().all(|line| line.ends_with("; clean")),
        "{lines}"
    );
    for restarted in &report.restarts {
        let port = restarted.port.as_ref().expect("a port");
        assert!(port.vanished.is_some());
        assert!(port.load.bytes_arrived > 500, "{port:?}");
        assert!(port.load.counts.lost > 0, "what was on its way");
        assert!(port.after.is_clean());
    }
    assert!(report.totals().starts_with("3 of 3 restarts, "));
}

#[test]
fn a_port_that_stays_open_is_clean() {
    let scene = Scene {
        vanishes: false,
        ..Scene::default()
    };
    let (report, lines, _) = restarted(scene, 1);
    assert_eq!(report.exit_code(), CLEAN, "{report:?}");
    assert!(lines.contains("port stayed open"), "{lines}");
}

#[test]
fn wrong_data_is_found_under_load_and_after() {
    // Run 0 is the exchange before, 1 the load, 2 the exchange after the first restart.
    let faults = [
        Fault::Corrupt(100),
        Fault::Duplicate(100),
        Fault::Swap(100),
        Fault::Lose(100),
    ];
    for run in [1, 2] {
        for fault in faults {
            let scene = Scene {
                faults: vec![(run, fault)],
                ..Scene::default()
            };
            let (report, lines, _) = restarted(scene, 2);
            assert_eq!(
                report.exit_code(),
                DATA_WRONG,
                "{run} {fault:?}: {report:?}"
            );
            assert_eq!(report.restarts.len(), 2, "the others are made all the same");
            assert!(lines.contains("WRONG: "), "{lines}");
            let totals = report.totals();
            assert!(totals.contains("data wrong in 1"), "{totals}");
        }
    }
}

#[test]
fn a_port_that_stays_open_may_lose_what_was_on_its_way_and_no_more() {
    for (fault, code) in [
        (Fault::Lose(100), CLEAN),
        (Fault::Duplicate(100), DATA_WRONG),
    ] {
        let scene = Scene {
            vanishes: false,
            faults: vec![(1, fault)],
            ..Scene::default()
        };
        assert_eq!(restarted(scene, 1).0.exit_code(), code, "{fault:?}");
    }
}

#[test]
fn a_port_that_never_worked_is_not_restarted() {
    for (fault, code) in [
        (Fault::Corrupt(3), DEVICE_ERROR),
        (Fault::Fail(3), DEVICE_ERROR),
    ] {
        let scene = Scene {
            faults: vec![(0, fault)],
            ..Scene::default()
        };
        let (report, _, stage) = restarted(scene, 1);
        assert_eq!(report.exit_code(), code);
        assert_eq!(stage.scene().begun, 0);
    }
    let interrupt = Interrupt::default();
    let nowhere = restarted_until(Scene::default(), 1, Some("keys"), &interrupt, 9);
    assert_eq!(nowhere.0.exit_code(), NO_SUCH_PORT);
    let scene = Scene {
        deaf: vec![0],
        ..Scene::default()
    };
    let (report, _, stage) = restarted(scene, 1);
    assert_eq!(report.exit_code(), NO_LOOP);
    assert_eq!(stage.scene().begun, 0);
}

#[test]
fn a_port_that_carries_nothing_afterwards_is_wrong() {
    let scene = Scene {
        deaf: vec![2],
        ..Scene::default()
    };
    let (report, lines, _) = restarted(scene, 1);
    assert_eq!(report.exit_code(), DATA_WRONG);
    assert!(lines.contains("afterwards nothing came back"), "{lines}");
}

#[test]
fn what_does_not_come_back_ends_it() {
    type Spoil = fn(&mut Scene);
    let cases: &[(Spoil, &str)] = &[
        (|it| it.returns = false, "does not come back within 30 s"),
        (|it| it.windows.problem = 10, "driver did not start"),
        (
            |it| it.windows.restart = Restart::Needed,
            "Windows wants to be restarted",
        ),
        (|it| it.polls = u32::MAX, "takes longer than 60 s"),
        (
            |it| {
                it.polls = u32::MAX;
                it.vanishes = false;
            },
            "takes longer than 60 s",
        ),
        (
            |it| it.faults = vec![(2, Fault::Fail(100))],
            "in the middle of an exchange",
        ),
    ];
    for (spoil, expected) in cases {
        let mut scene = Scene::default();
        spoil(&mut scene);
        let (report, _, stage) = restarted(scene, 5);
        assert_eq!(report.exit_code(), DEVICE_ERROR, "{expected}");
        let failure = report.ended_by.expect("a failure").to_string();
        assert!(failure.contains(expected), "{failure}");
        assert_eq!(failure.lines().count(), 1, "{failure}");
        assert_eq!(stage.scene().begun, 1);
    }
}

#[test]
fn ctrl_c_ends_it_after_the_restart_that_is_made() {
    let interrupt = Interrupt::default();
    let (report, lines, stage) =
        restarted_until(Scene::default(), 9, Some(PORT_NAME), &interrupt, 2);
    assert_eq!(report.exit_code(), CLEAN);
    assert!(report.interrupted);
    assert_eq!(stage.scene().begun, 2);
    assert_eq!(lines.lines().count(), 2);
    assert!(report.totals().contains("2 of 9 restarts"));
    assert!(report.totals().ends_with("; interrupted\n"));
}

#[test]
fn without_load_only_the_device_is_restarted() {
    let interrupt = Interrupt::default();
    let (report, lines, stage) = restarted_until(Scene::default(), 1, None, &interrupt, 9);
    assert_eq!(lines, "restarted ROOT\\MEDIA\\0000\n");
    assert_eq!(report.totals(), "");
    assert_eq!(stage.scene().opened, 0);
    let (report, lines, _) = restarted_until(Scene::default(), 2, None, &interrupt, 9);
    assert!(
        lines.starts_with(r"restart 1 of 2: ROOT\MEDIA\0000 in "),
        "{lines}"
    );
    assert_eq!(report.totals(), "2 of 2 restarts\n");
    assert_eq!(report.exit_code(), CLEAN);
}

pub fn report_for_schema(is_wrong: bool) -> Report {
    let faults = is_wrong.then_some((1, Fault::Corrupt(100)));
    let scene = Scene {
        faults: faults.into_iter().collect(),
        returns: !is_wrong,
        ..Scene::default()
    };
    let mut report = restarted(scene, 2).0;
    if is_wrong {
        report.load = None;
    }
    report
}
