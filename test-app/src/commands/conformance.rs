//! `conformance`: whether a winmm port does what the documentation says.

use std::sync::Arc;

use super::choose::{self, Use};
use crate::Host;
use crate::backend::{PortInfo, Setup};
use crate::cli::Conformance;
use crate::conformance::bench::Ports;
use crate::conformance::check::Check;
use crate::conformance::checks;
use crate::conformance::functions::HostWinmm;
use crate::conformance::report::{ConformanceReport, Listed};
use crate::conformance::runner::Runner;
use crate::failure::{CLEAN, Failure};
use crate::output;
use crate::report::json;
use crate::visible;

pub fn run(options: &Conformance, host: &mut Host<'_>) -> Result<u8, Failure> {
    let wanted = wanted(&options.only)?;
    if options.list {
        return list(options, &wanted, host);
    }
    let setup = choose::ports(Setup::default(), &options.ports, Use::Loop, host.winmm)?;
    let number = |port: &Option<PortInfo>| port.as_ref().map_or(0, |port| port.index);
    let name = |port: &Option<PortInfo>| port.as_ref().map(|port| port.name.clone());
    let ports = Ports {
        output: number(&setup.output),
        input: number(&setup.input),
        messages: options.messages,
    };
    let runner = Runner::new(Arc::new(HostWinmm), ports);
    runner.find_loop()?;
    let mut report = ConformanceReport {
        output: name(&setup.output).unwrap_or_default(),
        input: name(&setup.input).unwrap_or_default(),
        messages: options.messages,
        ..ConformanceReport::default()
    };
    let end = runner.run(&wanted, host.interrupt, |finding| {
        if !options.json {
            let line = finding.to_string();
            output::print(host.output, &format!("{}\n", visible::line(&line)))?;
        }
        report.add(finding);
        Ok(())
    })?;
    report.end(&end, wanted.len());
    let text = if options.json {
        json(&report)?
    } else {
        report.to_string()
    };
    output::print(host.output, &text)?;
    Ok(report.exit_code())
}

/// The checks of those names; all but those that have to be named if there are none.
fn wanted(names: &[String]) -> Result<Vec<&'static Check>, Failure> {
    if names.is_empty() {
        return Ok(checks::all().filter(|check| !check.only_if_named).collect());
    }
    let unknown = |name: &&String| !checks::all().any(|check| check.name == name.as_str());
    if let Some(unknown) = names.iter().find(unknown) {
        return Err(Failure::Usage(format!(
            "there is no check '{unknown}'; `conformance --list` names them"
        )));
    }
    let is_wanted = |check: &&Check| names.iter().any(|name| name == check.name);
    Ok(checks::all().filter(is_wanted).collect())
}

fn list(options: &Conformance, checks: &[&Check], host: &mut Host<'_>) -> Result<u8, Failure> {
    // A list without names is one of all, those included that have to be named.
    let all = checks::all();
    let listed: Vec<Listed> = all
        .filter(|check| {
            options.only.is_empty() || checks.iter().any(|wanted| wanted.name == check.name)
        })
        .map(Listed::from)
        .collect();
    let text = if options.json {
        json(&listed)?
    } else {
        listed.iter().map(Listed::to_string).collect()
    };
    output::print(host.output, &text)?;
    Ok(CLEAN)
}
