//! `play`: Standard MIDI Files through a port.

use std::thread;
use std::time::{Duration, Instant};

use super::choose::{self, Use};
use crate::Host;
use crate::backend::Session;
use crate::cli::{On, Play};
use crate::environment::file_name;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::midi::all_notes_off;
use crate::midi::smf::{self, TimedMessage};
use crate::output;
use crate::output_file::OutputFile;
use crate::play_report::PlayReport;
use crate::progress::Progress;
use crate::report::{exit_code, is_clean, json};

/// How long a wait goes on before arrivals are taken up, progress is shown and Ctrl-C is heeded.
const STEP: Duration = Duration::from_millis(100);

/// The silence between two files.
const BETWEEN_FILES: Duration = Duration::from_millis(500);

pub fn run(options: &Play, host: &mut Host<'_>) -> Result<u8, Failure> {
    let (backend, setup) = choose::machine(&options.machine, host)?;
    let songs = options
        .files
        .iter()
        .map(|file| smf::read(file))
        .collect::<Result<Vec<_>, _>>()?;
    let place = options
        .capture
        .as_deref()
        .map(|path| {
            OutputFile::check("--capture", path)?.is_none_of(&options.files, "is to be played")
        })
        .transpose()?;
    let setup = choose::ports(setup, &options.ports, Use::Send, backend)?;

    let mut player = Player {
        messages: one_after_the_other(songs),
        in_real_time: !options.fast,
        // Windows' ports have no virtual time.
        at_once: options.fast && options.machine.on()? == On::Winmm,
        capture: place.is_some(),
        interrupt: host.interrupt,
        played: None,
    };
    backend.run(&setup, &mut |session| player.play(session))?;
    let Some(Played {
        exchange,
        origin,
        end,
    }) = player.played
    else {
        return Err(Failure::Device("the device ended before the music".into()));
    };

    let outcome = exchange.finish();
    if let (Some(place), Some(capture)) = (place, outcome.capture) {
        place.write(&capture.into_file(origin)?)?;
    }
    let code = exit_code(&outcome.directions);
    let files = options.files.iter();
    let report = PlayReport {
        command: "play",
        port: setup.output_name().to_owned(),
        files: files.map(|file| file_name(file)).collect(),
        seed: setup.seed,
        elapsed_s: end.saturating_sub(origin).as_secs_f64(),
        interrupted: host.interrupt.is_raised(),
        clean: (!outcome.directions.is_empty()).then(|| is_clean(&outcome.directions)),
        directions: outcome.directions,
    };
    let text = if options.json {
        json(&report)?
    } else {
        report.to_text()
    };
    output::print(host.output, &text)?;
    Ok(code)
}

fn one_after_the_other(songs: Vec<Vec<TimedMessage>>) -> Vec<TimedMessage> {
    let mut begin = Duration::ZERO;
    let mut all = Vec::new();
    for song in songs {
        all.extend(song.into_iter().map(|message| TimedMessage {
            at: begin.saturating_add(message.at),
            ..message
        }));
        if let Some(last) = all.last() {
            begin = last.at.saturating_add(BETWEEN_FILES);
        }
    }
    all
}

struct Player<'i> {
    messages: Vec<TimedMessage>,
    in_real_time: bool,
    at_once: bool,
    capture: bool,
    interrupt: &'i Interrupt,
    played: Option<Played>,
}

struct Played {
    exchange: Exchange,
    origin: Duration,
    end: Duration,
}

impl Player<'_> {
    fn play(&mut self, session: &mut dyn Session) -> Result<(), Failure> {
        let cable = session.cable();
        let mut exchange = Exchange::new(cable, self.capture);
        if !cable.wire_visible {
            session.open_input()?;
        }
        session.open_output()?;
        let origin = session.now();
        let length = self.messages.last().map_or(Duration::ZERO, |last| last.at);
        let mut pace = Pace {
            origin,
            real_origin: self.in_real_time.then(Instant::now),
            at_once: self.at_once,
            interrupt: self.interrupt,
            progress: Progress::begin(length),
        };
        for message in &self.messages {
            pace.wait(message.at, session, &mut exchange)?;
            if self.interrupt.is_raised() {
                silence(session, &mut exchange)?;
                break;
            }
            exchange.send(session, &message.bytes)?;
        }
        exchange.quieten(session)?;
        session.close_output()?;
        if !cable.wire_visible {
            session.close_input()?;
        }
        pace.progress.end();
        self.played = Some(Played {
            exchange,
            origin,
            end: session.now(),
        });
        Ok(())
    }
}

/// Music that was cut off must not leave notes sounding.
fn silence(session: &mut dyn Session, exchange: &mut Exchange) -> Result<(), Failure> {
    all_notes_off().try_for_each(|message| exchange.send(session, &message))
}

/// Lets time pass as the music wants it.
struct Pace<'i> {
    origin: Duration,
    /// Where on the wall's clock the music began, if it shall follow that.
    real_origin: Option<Instant>,
    /// Messages follow each other as fast as the port takes them.
    at_once: bool,
    interrupt: &'i Interrupt,
    progress: Progress,
}

impl Pace<'_> {
    /// Waits until `at` of the music, or Ctrl-C.
    fn wait(
        &mut self,
        at: Duration,
        session: &mut dyn Session,
        exchange: &mut Exchange,
    ) -> Result<(), Failure> {
        let until = self.origin.saturating_add(at);
        if self.at_once {
            exchange.collect(session);
            self.progress.show(at);
            return Ok(());
        }
        while session.now() < until && !self.interrupt.is_raised() {
            let next = until.min(session.now() + STEP);
            if let Some(real_origin) = self.real_origin {
                let played = next.saturating_sub(self.origin);
                thread::sleep(played.saturating_sub(real_origin.elapsed()));
            }
            session.wait_until(next)?;
            exchange.collect(session);
            self.progress.show(next.saturating_sub(self.origin));
        }
        Ok(())
    }
}
