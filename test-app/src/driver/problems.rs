//! What Plug and Play's problem codes mean for this driver.

/// Problem code (`CM_PROB_…` of cfg.h), what it means, and what to do.
const PROBLEMS: &[(u32, &str, &str)] = &[
    (1, "it has no driver yet", "run `driver install`"),
    (
        3,
        "the driver is damaged, or memory is short",
        "run `driver remove`, then `driver install`",
    ),
    (
        9,
        "the firmware reports resources that are none",
        "update the firmware",
    ),
    (
        10,
        "the driver did not start it: no UART answers, or its resources are not those of one",
        "see whether the event log names a reason; check the hardware and the parameters in the device's software key",
    ),
    (
        12,
        "another device has its resources",
        "free them in the firmware's settings, or remove the other device",
    ),
    (14, "it works after a restart only", "restart Windows"),
    (18, "it has to be installed again", "run `driver install`"),
    (
        19,
        "its registry keys are damaged",
        "run `driver remove`, then `driver install`",
    ),
    (21, "Windows is removing it", "restart Windows"),
    (
        22,
        "it is disabled",
        "enable it in Device Manager, or run `pnputil /enable-device`",
    ),
    (
        24,
        "it is not there, or does not work",
        "check the hardware",
    ),
    (28, "no driver is installed for it", "run `driver install`"),
    (
        31,
        "the driver refused it",
        "restart Windows; if it stays, run `driver remove`, then `driver install`",
    ),
    (
        32,
        "the driver's service is disabled",
        "run `sc config midiuart start= demand`",
    ),
    (
        37,
        "the driver's entry failed",
        "run `driver remove`, then `driver install`",
    ),
    (
        38,
        "an older instance of the driver is still loaded",
        "restart Windows",
    ),
    (
        39,
        "Windows could not load the driver's file: it is missing or damaged, or memory integrity found code in it that it forbids",
        "run `driver remove`, then `driver install` with the package for this processor; if it stays, report it as an error of the driver, and leave memory integrity on",
    ),
    (41, "the driver found no hardware", "check the hardware"),
    (
        43,
        "the driver reported that the hardware failed",
        "run `driver restart`",
    ),
    (45, "it is not connected", "connect it"),
    (
        47,
        "it is prepared for removal",
        "run `driver restart`, or restart Windows",
    ),
    (
        48,
        "Windows' list of vulnerable drivers has it",
        "take a newer package",
    ),
    (
        52,
        "Windows does not trust the driver's signature: test mode is off, or the certificate is not in Root",
        "run `bcdedit /set testsigning on`, restart Windows, and run `driver install` again",
    ),
    (
        54,
        "it failed and is being reset",
        "wait, or restart Windows",
    ),
];

/// The code that a device has which works after a restart only (`CM_PROB_NEED_RESTART`).
pub const NEEDS_RESTART: u32 = 14;
/// The code of a driver whose signature is not trusted (`CM_PROB_UNSIGNED_DRIVER`).
pub const UNSIGNED: u32 = 52;

/// What a problem code means and what to do, in a line.
#[must_use]
pub fn explain(code: u32) -> String {
    match PROBLEMS.iter().find(|(known, ..)| *known == code) {
        Some((_, meaning, step)) => format!("code {code}: {meaning}; {step}"),
        None => format!("code {code}: see the device's properties in Device Manager"),
    }
}
