//! What an installation over an earlier one does with the older package and its certificate.

use sha2::{Digest, Sha256};

use super::certificate::hexadecimal;
use super::dialog::Dialog;
use super::package::Package;
use super::record::{Addition, Record};
use super::windows::{Called, Restart, Windows};

/// What was done.
#[derive(Debug)]
pub struct Upgraded {
    /// What stays, and why.
    pub remarks: Vec<String>,
    /// Whether something of it takes effect with the next start only.
    pub restart: Restart,
}

/// Whether the driver store has the package whose INF file has that SHA-256 digest.
///
/// # Errors
/// If its packages can't be listed.
pub fn has_package(digest: &str, windows: &dyn Windows) -> Called<bool> {
    let packages = windows.packages()?;
    let mut digests = packages
        .iter()
        .map(|it| hexadecimal(&Sha256::digest(&it.inf)));
    Ok(digests.any(|it| it == digest))
}

/// Removes the packages and certificates of earlier installations that no device needs any more. What can't
/// be removed stays in the record, and is said.
pub fn clear_up(
    package: &Package,
    record: &mut Record,
    windows: &mut dyn Windows,
    dialog: &mut dyn Dialog,
) -> Upgraded {
    let mut upgraded = Upgraded {
        remarks: Vec::new(),
        restart: Restart::NotNeeded,
    };
    let digest = package.inf_digest();
    let (Ok(devices), Ok(packages)) = (windows.devices(), windows.packages()) else {
        upgraded.remarks.push(
            "what an earlier installation added stays: Windows does not say what devices use; `driver remove` removes it".to_owned(),
        );
        return upgraded;
    };
    let used = |name: &str| {
        let mut names = devices.iter().filter_map(|it| it.package.as_deref());
        names.any(|it| it.eq_ignore_ascii_case(name))
    };
    // As the record finds it: by the INF file's digest, or without one by the name.
    let in_use = |name: Option<&str>, inf: Option<&str>| {
        let mut packages = packages.iter().filter(|it| used(&it.name));
        packages.any(|it| match inf {
            Some(digest) => hexadecimal(&Sha256::digest(&it.inf)) == digest,
            None => name.is_some_and(|name| it.name.eq_ignore_ascii_case(name)),
        })
    };
    let mut older_stay = false;
    for older in of_others(record, |what| match what {
        Addition::Package { inf, .. } => inf.as_deref() != Some(&digest),
        _ => false,
    }) {
        let Addition::Package { name, inf } = &older else {
            continue;
        };
        let what = older.describe();
        if in_use(name.as_deref(), inf.as_deref()) {
            older_stay = true;
            upgraded.remarks.push(format!(
                "{what} of an earlier installation stays: a device uses it"
            ));
            continue;
        }
        older_stay |= !remove(&older, record, windows, dialog, &mut upgraded);
    }
    let thumbprint = package.signer.thumbprint();
    for older in of_others(record, |what| match what {
        Addition::Certificate {
            thumbprint: other, ..
        } => *other != thumbprint,
        _ => false,
    }) {
        let what = older.describe();
        if older_stay {
            upgraded.remarks.push(format!(
                "{what} of an earlier installation stays: an older package, which stays too, is signed with it; `driver remove` removes both"
            ));
        } else {
            remove(&older, record, windows, dialog, &mut upgraded);
        }
    }
    upgraded
}

fn of_others(record: &Record, is_other: impl Fn(&Addition) -> bool) -> Vec<Addition> {
    let steps = record.steps.iter().map(|step| step.what.clone());
    steps.filter(is_other).collect()
}

/// Returns whether it is gone.
fn remove(
    older: &Addition,
    record: &mut Record,
    windows: &mut dyn Windows,
    dialog: &mut dyn Dialog,
    upgraded: &mut Upgraded,
) -> bool {
    let outcome = record.take_back(std::slice::from_ref(older), windows, dialog);
    upgraded.restart = upgraded.restart.or(outcome.restart);
    let what = older.describe();
    for (_, error) in &outcome.left {
        upgraded.remarks.push(format!(
            "{what} of an earlier installation could not be removed ({error}); `driver remove` tries again"
        ));
    }
    outcome.left.is_empty()
}
