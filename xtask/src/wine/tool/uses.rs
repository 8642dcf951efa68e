//! What the tool is used for.

use super::Use;
use super::judges::{
    all_checks_passed, as_documented, clean_run, ended_well, latency_report, three_ports,
    three_ports_in_json,
};

/// The port that hears itself without a cable, as fast as a wire.
const SOFTWARE: &str = "software";
/// The same as fast as it can.
const FAST: &str = "software+unpaced";

pub const USES: [Use; 10] = [
    Use {
        name: "list",
        ports: "software,16550,mpu401",
        arguments: &["list"],
        plays_songs: false,
        judge: three_ports,
    },
    Use {
        name: "list --json",
        ports: "software,16550,mpu401",
        arguments: &["list", "--json"],
        plays_songs: false,
        judge: three_ports_in_json,
    },
    Use {
        name: "conformance",
        ports: FAST,
        arguments: &["conformance"],
        plays_songs: false,
        judge: all_checks_passed,
    },
    Use {
        name: "stress: loopback device",
        ports: SOFTWARE,
        arguments: &["stress", "--duration", "20s", "--json"],
        plays_songs: false,
        judge: clean_run,
    },
    Use {
        name: "stress: 16550 with a loop cable",
        ports: "16550",
        arguments: &["stress", "--duration", "10s", "--json"],
        plays_songs: false,
        judge: clean_run,
    },
    Use {
        name: "latency --report",
        ports: SOFTWARE,
        arguments: &["latency", "--json", "--report", "latency.html"],
        plays_songs: false,
        judge: latency_report,
    },
    Use {
        name: "play --fast: 31 real songs",
        ports: FAST,
        arguments: &["play", "--fast", "--json"],
        plays_songs: true,
        judge: clean_run,
    },
    Use {
        name: "send",
        ports: SOFTWARE,
        arguments: &[
            "send", "on", "60", "100", "off", "60", "syx", "f0", "7d", "f7",
        ],
        plays_songs: false,
        judge: ended_well,
    },
    Use {
        name: "monitor",
        ports: SOFTWARE,
        arguments: &["monitor", "--for", "500ms"],
        plays_songs: false,
        judge: ended_well,
    },
    Use {
        name: "driver ks-probe on an emulated PC",
        ports: SOFTWARE,
        arguments: &["driver", "ks-probe", "--on", "emulated", "--json"],
        plays_songs: false,
        judge: as_documented,
    },
];
