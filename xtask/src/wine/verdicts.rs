//! How far the driver got.

use object::Object;

use super::report::{Report, Verdict, note};
use super::steps::Step;

/// What begins a line of the stand-in for portcls.sys, and one of the kernel's additions.
const PORTCLS: &str = "portcls: ";
const ADDITIONS: &str = "kernel-additions: ";

/// What is made, and what takes it back.
const PAIRS: &[(&str, [&str; 2])] = &[
    ("timers are deleted", ["ExAllocateTimer", "ExDeleteTimer"]),
    (
        "event providers are taken back",
        ["EtwRegister", "EtwUnregister"],
    ),
];

/// Says how far the driver got, by Wine's log: a line for each step of its life.
pub fn judge(image: &[u8], log: &str, life: &[&[Step]], report: &mut Report) {
    let verdicts = verdicts(image, log, life);
    let is_whole = verdicts.iter().all(|(_, verdict)| verdict.is_ok());
    report.check_all(verdicts);
    if is_whole {
        return;
    }
    let last = said_by(PORTCLS, log).last().unwrap_or("nothing");
    note(&format!("the last that was traced: {last}"));
    for line in log.lines().filter(|line| tells_why(line)) {
        note(line);
    }
}

/// Whether a line of Wine's says what ended a process, or that a driver refused to be loaded.
fn tells_why(line: &str) -> bool {
    [
        " to unimplemented function ",
        "wine: Unhandled ",
        ":ZwLoadDriver failed ",
    ]
    .iter()
    .any(|words| line.contains(words))
}

fn verdicts(image: &[u8], log: &str, life: &[&[Step]]) -> Vec<(&'static str, Verdict)> {
    let loaded = loaded(image, log);
    let imports = loaded.clone().and_then(|_| imports(log));
    let mut verdicts = vec![
        ("Wine loads the image", loaded),
        ("Wine has every function it imports", imports),
    ];
    let trace: Vec<_> = said_by(PORTCLS, log).collect();
    let mut begin = 0;
    for step in life.iter().copied().flatten() {
        // A step that is missing uses up no lines of the others.
        let found = (begin..trace.len()).find(|&index| step.line.is(trace[index]));
        let verdict = match found {
            Some(index) => {
                begin = index + 1;
                Ok(trace[index].to_owned())
            }
            None => Err(String::new()),
        };
        verdicts.push((step.name, verdict));
    }
    for (name, pair) in PAIRS {
        verdicts.push((name, balance(pair, image, log)));
    }
    verdicts
}

/// What an image has said with `DbgPrint`.
fn said_by<'a>(who: &'static str, log: &'a str) -> impl Iterator<Item = &'a str> {
    log.lines()
        .filter(|line| line.contains(":warn:debugstr:"))
        .filter_map(move |line| Some(line.split_once(who)?.1))
}

/// How often something was made, if it was taken back as often. An image that can make it does.
fn balance([maker, taker]: &[&str; 2], image: &[u8], log: &str) -> Verdict {
    let count = |what| said_by(ADDITIONS, log).filter(|said| *said == what).count();
    let (made, taken_back) = (count(*maker), count(*taker));
    // The name stands in the image if it is imported.
    let can_be_made = image
        .windows(maker.len())
        .any(|bytes| bytes == maker.as_bytes());
    if made == taken_back && (made > 0 || !can_be_made) {
        Ok(format!("{made}"))
    } else {
        Err(format!("{taken_back} of {made}"))
    }
}

/// Where the image was loaded, and where it would have liked to be: if elsewhere, its relocations
/// were done too.
fn loaded(image: &[u8], log: &str) -> Verdict {
    let image = object::File::parse(image).map_err(|error| error.to_string())?;
    log.lines()
        .filter(|line| line.ends_with(": native"))
        .find_map(|line| line.split_once(r#"\\midiuart.sys" at "#))
        .and_then(|(_, rest)| u64::from_str_radix(rest.split_once(':')?.0, 16).ok())
        .map(|base| {
            let preferred = image.relative_address_base();
            format!("at {base:#x}, made for {preferred:#x}")
        })
        .ok_or_else(String::new)
}

/// The functions for which Wine made a stub that stops the driver when it calls it.
fn imports(log: &str) -> Verdict {
    let missing: Vec<_> = log
        .lines()
        .filter(|line| line.contains(r#"midiuart.sys", setting to "#))
        .filter_map(|line| {
            line.split_once("No implementation for ")?
                .1
                .split(' ')
                .next()
        })
        .collect();
    if missing.is_empty() {
        Ok(String::new())
    } else {
        Err(missing.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wine::steps::TWO_DEVICES;

    /// A log in which the stand-in says those lines.
    fn log_of(lines: &[&str]) -> String {
        let lines: Vec<_> = lines
            .iter()
            .map(|line| {
                format!("0054:warn:debugstr:vDbgPrintExWithPrefix 00000000:00000001: {line}\n")
            })
            .collect();
        lines.concat()
    }

    /// What is missing besides the image, which these logs never load.
    fn missing(log: &str) -> Vec<&'static str> {
        verdicts(b"no image", log, TWO_DEVICES)
            .into_iter()
            .filter(|(_, verdict)| verdict.is_err())
            .map(|(name, _)| name)
            .skip_while(|name| name.starts_with("Wine "))
            .collect()
    }

    /// Lines by which every step was reached.
    fn whole_life() -> Vec<String> {
        steps()
            .map(|Step { line, .. }| format!("{PORTCLS}{}{}", line.0, line.1))
            .collect()
    }

    fn steps() -> impl Iterator<Item = &'static Step> {
        TWO_DEVICES.iter().copied().flatten()
    }

    #[test]
    fn a_whole_life_misses_nothing() {
        let lines = whole_life();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert!(missing(&log_of(&lines)).is_empty());
    }

    #[test]
    fn each_step_is_missed() {
        for index in 0..steps().count() {
            let mut lines = whole_life();
            let line = lines.remove(index);
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            // A later line may be the same; its own step is missed then.
            assert_ne!(missing(&log_of(&lines)).len(), 0, "without {line}");
        }
    }

    #[test]
    fn steps_out_of_order_are_missed() {
        let mut lines = whole_life();
        lines.rotate_left(1);
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let missing = missing(&log_of(&lines));
        assert!(missing.contains(&TWO_DEVICES[0][1].name), "{missing:?}");
    }

    #[test]
    fn an_image_that_is_not_loaded_has_no_functions() {
        let verdicts = verdicts(b"no image", "", TWO_DEVICES);
        assert!(verdicts[..2].iter().all(|(_, verdict)| verdict.is_err()));
    }

    #[test]
    fn a_function_that_wine_lacks_is_named() {
        let log = "0054:warn:module:import_dll No implementation for ntoskrnl.exe.ExSetTimer \
                   imported from L\"C:\\\\windows\\\\system32\\\\drivers\\\\midiuart.sys\", \
                   setting to 00000000021A0048\n";
        assert_eq!(imports(log), Err("ntoskrnl.exe.ExSetTimer".to_owned()));
    }

    #[test]
    fn what_is_not_taken_back_is_noticed() {
        let pair = ["ExAllocateTimer", "ExDeleteTimer"];
        let log = log_of(&["kernel-additions: ExAllocateTimer"]);
        assert_eq!(balance(&pair, b"", &log), Err("0 of 1".to_owned()));
        let log = log_of(&[
            "kernel-additions: ExAllocateTimer",
            "kernel-additions: ExDeleteTimer",
        ]);
        assert_eq!(balance(&pair, b"", &log), Ok("1".to_owned()));
        // The image imports it and never called it.
        assert_eq!(
            balance(&pair, b"..ExAllocateTimer..", ""),
            Err("0 of 0".to_owned())
        );
    }
}
