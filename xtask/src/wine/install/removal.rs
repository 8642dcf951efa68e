//! What is left of a package that was removed.

use super::expected::{self, Installed};
use super::{COPIED_CATALOG, COPIED_IMAGE, COPIED_INF, ORIGIN, State};
use crate::inf::Inf;
use crate::wine::report::{Report, Verdict, note};

/// Files that Wine 8.0 leaves: `SetupUninstallOEMInfW` in `dlls/setupapi/misc.c` removes the INF file
/// only.
const LEFT_FILES: [&str; 3] = [ORIGIN, COPIED_IMAGE, COPIED_CATALOG];

/// Checks that device, interfaces and INF file are gone; tells what Wine leaves, and that it is
/// nothing else.
pub fn check(
    (inf, install): (&Inf, &str),
    device: &Installed,
    before: &State,
    left: &State,
    report: &mut Report,
) {
    let is_left = |key: &&str| left.registry.has(key);
    let key = expected::device(device.instance_id);
    let keys = [key.as_str()];
    report.check(
        "the device is gone",
        nothing(keys.into_iter().filter(is_left)),
    );
    let interfaces = expected::interface_keys_of(inf, install, device.instance_id);
    let keys = interfaces.iter().map(|[key, _]| key.as_str());
    report.check("its interfaces are gone", nothing(keys.filter(is_left)));
    let files = [COPIED_INF].into_iter();
    let files = files.filter(|name| left.files.contains(*name));
    report.check("the INF file is gone", nothing(files));

    let known = Known::of(inf, install, device);
    let keys = left.registry.beyond(&before.registry);
    let of_package = keys.iter().filter(|key| known.is_about(key, device));
    let (expected, others): (Vec<_>, Vec<_>) = of_package.partition(|key| known.has(key));
    let files = left.files.difference(&before.files).map(String::as_str);
    let (expected_files, other_files): (Vec<_>, Vec<_>) =
        files.partition(|name| LEFT_FILES.contains(name));
    for name in expected.into_iter().chain(&expected_files) {
        note(&format!("Wine leaves {name}"));
    }
    let others = others.into_iter().chain(&other_files).copied();
    report.check("nothing else is left", nothing(others));
}

/// Keys that Wine 8.0 leaves.
struct Known {
    /// With all below: the service, and the software key, for it has subkeys (`delete_driver_key` in
    /// `dlls/setupapi/devinst.c` removes no tree).
    trees: [String; 2],
    /// Without what is below: the interfaces' categories.
    categories: Vec<String>,
}

impl Known {
    fn of(inf: &Inf, install: &str, device: &Installed) -> Self {
        let trees = [
            expected::service(inf, install),
            expected::software(device.software_key),
        ];
        let categories = expected::categories(inf, install);
        Self {
            trees: trees.map(|key| key.to_ascii_lowercase()),
            categories: categories.map(|key| key.to_ascii_lowercase()).collect(),
        }
    }

    fn has(&self, key: &str) -> bool {
        self.trees.iter().any(|tree| is_below(key, tree))
            || self.categories.iter().any(|category| key == category)
    }

    /// Whether a key has to do with the package; Wine's own devices come when they like.
    fn is_about(&self, key: &str, device: &Installed) -> bool {
        let instance_id = device.instance_id.to_ascii_lowercase();
        self.has(key)
            || key.contains("midiuart")
            || key.contains(&instance_id)
            || key.contains(&instance_id.replace('\\', "#"))
    }
}

/// Whether a key is another one or below it.
fn is_below(key: &str, other: &str) -> bool {
    key.strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
}

fn nothing<'a>(left: impl Iterator<Item = &'a str>) -> Verdict {
    let left: Vec<_> = left.collect();
    if left.is_empty() {
        Ok(String::new())
    } else {
        Err(format!("left: {}", left.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[A.NT.Services]\nAddService = service, 2, B\n\
        [A.NT.Interfaces]\nAddInterface = {6994ad04}, UART, C\n";

    const DEVICE: Installed = Installed {
        instance_id: r"ROOT\MEDIA\0000",
        hardware_id: r"ROOT\A",
        description: "a device",
        software_key: r"{4D36E96C}\0000",
        inf_name: "a.inf",
    };

    #[test]
    fn only_what_wine_leaves_is_known() {
        let inf = Inf::parse(FILE).expect("readable");
        let known = Known::of(&inf, "A", &DEVICE);
        for (key, is_known, is_about) in [
            (r"services\service", true, true),
            (r"services\service\parameters", true, true),
            (r"services\service2", false, false),
            (r"control\class\{4d36e96c}\0000\drivers", true, true),
            (r"control\class\{4d36e96c}\0001", false, false),
            (r"control\deviceclasses\{6994ad04}", true, true),
            (
                r"control\deviceclasses\{6994ad04}\##?#root#media#0000#{6994ad04}",
                false,
                true,
            ),
            (r"enum\root\media\0000\device parameters", false, true),
            (r"enum\hid\vid_845e", false, false),
        ] {
            assert_eq!(known.has(key), is_known, "{key}");
            assert_eq!(known.is_about(key, &DEVICE), is_about, "{key}");
        }
    }

    #[test]
    fn what_is_left_is_named() {
        assert_eq!(nothing([].into_iter()), Ok(String::new()));
        let left = ["a", "b"].into_iter();
        assert_eq!(nothing(left), Err("left: a, b".to_owned()));
    }
}
