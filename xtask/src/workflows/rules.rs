//! Rules that hold for the project's workflows.

use super::Verdict;
use super::document::{Job, Workflow};

/// Labels of GitHub's machines that the project knows. A label that is handed on as an input is seen by no linter.
const LABELS: &[&str] = &[
    "ubuntu-24.04",
    "windows-11-arm",
    "windows-2022",
    "windows-2025",
];

/// Variables that replace the flags of `driver/image/.cargo/config.toml`.
const FLAGS: [&str; 2] = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"];

/// What joins commands, in both shells.
const JOINING: [&str; 3] = [";", "&&", "||"];

/// What jobs may be permitted.
const PERMISSIONS: [&str; 2] = ["contents: read", "actions: read"];

const SHA_DIGITS: usize = 40;

/// What each rule has found.
pub fn verdicts(workflows: &[Workflow]) -> Vec<Verdict> {
    let jobs: Vec<_> = workflows.iter().flat_map(|it| &it.jobs).collect();
    vec![
        Verdict {
            check: "pinned-actions",
            findings: jobs.iter().copied().flat_map(unpinned).collect(),
        },
        Verdict {
            check: "permissions",
            findings: workflows.iter().flat_map(too_much).collect(),
        },
        Verdict {
            check: "single-commands",
            findings: jobs
                .iter()
                .copied()
                .flat_map(more_than_one_command)
                .collect(),
        },
        Verdict {
            check: "labels",
            findings: jobs.iter().copied().flat_map(unknown_labels).collect(),
        },
        Verdict {
            check: "no-rustflags",
            findings: workflows.iter().flat_map(flags).collect(),
        },
    ]
}

/// Actions that are not named by a commit. A tag can be moved to other code.
fn unpinned(job: &Job) -> Vec<String> {
    let of_steps = job
        .steps
        .iter()
        .filter_map(|step| Some((&step.place, step.uses.as_ref()?)));
    let of_job = job.uses.iter().map(|uses| (&job.place, uses));
    of_steps
        .chain(of_job)
        // A workflow of the same commit.
        .filter(|(_, uses)| !uses.starts_with("./") && !is_pinned(uses))
        .map(|(place, uses)| format!("{place}: {uses} is not pinned by the digits of a commit"))
        .collect()
}

fn is_pinned(uses: &str) -> bool {
    uses.split_once('@').is_some_and(|(_, version)| {
        version.len() == SHA_DIGITS && version.bytes().all(|digit| digit.is_ascii_hexdigit())
    })
}

/// Permissions beyond reading.
fn too_much(workflow: &Workflow) -> Vec<String> {
    let mut findings = Vec::new();
    if !workflow.is_without_permissions {
        findings.push(format!(
            "{}: begins without 'permissions: {{}}'",
            workflow.name
        ));
    }
    for job in &workflow.jobs {
        let others = job.permissions.iter().map(String::as_str);
        let others = others.filter(|it| !PERMISSIONS.contains(it));
        findings.extend(others.map(|it| format!("{}: permits {it}", job.place)));
    }
    findings
}

/// Steps whose exit code would be that of the last of several commands.
fn more_than_one_command(job: &Job) -> Vec<String> {
    job.steps
        .iter()
        .filter(|step| {
            step.run.as_ref().is_some_and(|run| {
                let lines = run.lines().filter(|line| !line.trim().is_empty());
                lines.count() != 1 || JOINING.iter().any(|it| run.contains(it))
            })
        })
        .map(|step| format!("{}: more than one command", step.place))
        .collect()
}

/// Labels that the project does not know, given outright or by a matrix.
fn unknown_labels(job: &Job) -> Vec<String> {
    let outright = job.runs_on.iter().filter(|label| !label.contains("${{"));
    let of_matrix = job.rows.iter().filter_map(|row| row.get("image"));
    outright
        .chain(of_matrix)
        .filter(|label| !LABELS.contains(&label.as_str()))
        .map(|label| format!("{}: no machine is known as {label}", job.place))
        .collect()
}

fn flags(workflow: &Workflow) -> Vec<String> {
    workflow
        .variables
        .iter()
        .filter(|name| FLAGS.contains(&name.as_str()))
        .map(|name| {
            format!(
                "{}: sets {name}, which replaces the driver's own flags",
                workflow.name
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA: &str = "3d3c42e5aac5ba805825da76410c181273ba90b1";

    fn findings(check: &str, text: &str) -> Vec<String> {
        let workflow = Workflow::parse("w.yml", text).unwrap();
        let verdicts = verdicts(&[workflow]);
        let verdict = verdicts.into_iter().find(|it| it.check == check);
        verdict.unwrap().findings
    }

    fn with_step(step: &str) -> String {
        format!(
            "jobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - name: b\n        {step}\n"
        )
    }

    #[test]
    fn actions_are_pinned_by_all_digits() {
        let check = |uses: &str| findings("pinned-actions", &with_step(&format!("uses: {uses}")));
        assert_eq!(check(&format!("actions/checkout@{SHA}")), [""; 0]);
        assert_eq!(
            check("actions/checkout@v7"),
            ["w.yml: a: b: actions/checkout@v7 is not pinned by the digits of a commit"]
        );
        assert_eq!(check(&format!("actions/checkout@{}", &SHA[..39])).len(), 1);
        assert_eq!(check("actions/checkout").len(), 1);
        assert_eq!(
            findings(
                "pinned-actions",
                "jobs:\n  a:\n    uses: o/r/.github/workflows/x.yml@main\n"
            )
            .len(),
            1
        );
        assert_eq!(
            findings(
                "pinned-actions",
                "jobs:\n  a:\n    uses: ./.github/workflows/x.yml\n"
            ),
            [""; 0]
        );
    }

    #[test]
    fn jobs_may_only_read() {
        let check = |top: &str, job: &str| {
            findings(
                "permissions",
                &format!("{top}jobs:\n  a:\n    runs-on: x\n{job}"),
            )
        };
        let nothing = "permissions: {}\n";
        let reading = "    permissions:\n      contents: read\n";
        assert_eq!(check(nothing, reading), [""; 0]);
        assert_eq!(check(nothing, "    permissions: {}\n"), [""; 0]);
        for top in ["", "permissions: write-all\n", "permissions: read-all\n"] {
            assert_eq!(
                check(top, reading),
                ["w.yml: begins without 'permissions: {}'"]
            );
        }
        assert_eq!(
            check(nothing, "    permissions: write-all\n"),
            ["w.yml: a: permits write-all"]
        );
        assert_eq!(
            check(nothing, "    permissions:\n      contents: write\n"),
            ["w.yml: a: permits contents: write"]
        );
    }

    #[test]
    fn steps_have_one_command_which_may_have_a_pipe() {
        let check = |run: &str| findings("single-commands", &with_step(run));
        assert_eq!(check("run: cargo test | tee x"), [""; 0]);
        assert_eq!(check("run: |\n          cargo test"), [""; 0]);
        for run in [
            "run: |\n          cargo test\n          cargo build",
            "run: cargo test; cargo build",
            "run: cargo test && cargo build",
            "run: cargo test || exit 0",
        ] {
            assert_eq!(check(run), ["w.yml: a: b: more than one command"], "{run}");
        }
    }

    #[test]
    fn labels_are_known_ones_in_matrices_too() {
        let check = |job: &str| findings("labels", &format!("jobs:\n  a:\n{job}"));
        assert_eq!(check("    runs-on: windows-2022\n"), [""; 0]);
        assert_eq!(
            check("    runs-on: windows-latest\n"),
            ["w.yml: a: no machine is known as windows-latest"]
        );
        let matrix = "    uses: ./x.yml\n    strategy:\n      matrix:\n        ";
        assert_eq!(
            check(&format!("{matrix}image: [windows-2022, windows-7]\n")).len(),
            1
        );
        assert_eq!(
            check(&format!(
                "{matrix}include:\n          - image: windows-7\n            arch: x64\n"
            )),
            ["w.yml: a: no machine is known as windows-7"]
        );
    }

    #[test]
    fn rusts_flags_are_set_nowhere() {
        let step = with_step("run: x\n        env:\n          RUSTFLAGS: -Dwarnings");
        assert_eq!(
            findings("no-rustflags", &step),
            ["w.yml: sets RUSTFLAGS, which replaces the driver's own flags"]
        );
        assert_eq!(
            findings(
                "no-rustflags",
                &format!("env:\n  X: 1\n{}", with_step("run: x"))
            ),
            [""; 0]
        );
    }
}
