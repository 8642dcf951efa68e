//! Summaries of runs that are made up.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::artifacts::Artifacts;
use super::jobs::Jobs;
use super::summary::Summary;
use super::{Options, summarize};

/// Steps by name and how they ended: a conclusion, `running`, or `open` for one that never began.
fn job(name: &str, attempt: u32, conclusion: &str, steps: &[(&str, &str)]) -> Value {
    let steps: Vec<_> = steps
        .iter()
        .map(|(name, ended)| match *ended {
            "running" => json!({ "name": name, "status": "in_progress", "conclusion": null }),
            "open" => json!({ "name": name, "status": "queued", "conclusion": null }),
            _ => json!({ "name": name, "status": "completed", "conclusion": ended }),
        })
        .collect();
    json!({
        "name": name, "run_attempt": attempt, "status": "completed", "conclusion": conclusion,
        "steps": steps, "html_url": "not read"
    })
}

fn listed(jobs: &[Value]) -> String {
    json!({ "total_count": jobs.len(), "jobs": jobs }).to_string()
}

fn summary(jobs: &[Value], folder: &TempDir) -> String {
    let jobs = Jobs::parse(&listed(jobs)).unwrap();
    Summary::new(&jobs, &Artifacts::read(folder.path()).unwrap()).to_string()
}

fn artifact(folder: &TempDir, name: &str, files: &[(&str, &str)]) {
    let place = folder.path().join(name);
    fs::create_dir_all(&place).unwrap();
    for (name, text) in files {
        fs::write(place.join(name), text).unwrap();
    }
}

const LOST: &[(&str, &str)] = &[
    ("Conformance", "success"),
    ("Stress", "running"),
    ("Latency", "open"),
];

#[test]
fn a_run_in_which_all_is_well_is_a_table_of_its_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let counts = r#"{"passed":31,"failed":0,"skipped":2,"left_out":0,"checks":[]}"#;
    artifact(&folder, "install-windows-2022-a1-1-probed", &[]);
    artifact(
        &folder,
        "install-windows-2022-a1-9-final",
        &[("22-conformance.json", counts)],
    );
    let jobs = [
        job(
            "package",
            1,
            "success",
            &[("Images and packages", "success")],
        ),
        job("install windows-2022 / driver", 1, "success", &[]),
        json!({ "name": "report", "run_attempt": 1, "status": "in_progress", "conclusion": null }),
    ];
    assert_eq!(
        summary(&jobs, &folder),
        "## Windows: 0 of 2 jobs failed\n\n\
         | job | attempt | result | |\n|---|---|---|---|\n\
         | package | 1 | success |  |\n\
         | install windows-2022 | 1 | success | conformance: 31 passed, 0 failed, 2 skipped, 0 left out |\n\n\
         What each message most likely means, and what to do: `docs/verification.md`.\n"
    );
}

#[test]
fn a_job_that_fails_by_itself_names_its_steps_and_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let steps = [
        ("Conformance", "failure"),
        ("Stress", "failure"),
        ("Remove", "success"),
    ];
    let text = summary(
        &[job("install windows-2022 / driver", 1, "failure", &steps)],
        &folder,
    );
    assert!(
        text.starts_with("## Windows: 1 of 1 jobs failed\n"),
        "{text}"
    );
    assert!(
        text.contains("| **failure** | failed: \"Conformance\", \"Stress\" |"),
        "{text}"
    );
    assert!(!text.contains("lost"), "{text}");
}

#[test]
fn a_machine_that_is_lost_once_is_named_with_its_step_and_what_it_left() {
    let folder = tempfile::tempdir().unwrap();
    for phase in ["1-probed", "2-installed", "5-conformance"] {
        artifact(&folder, &format!("install-windows-2025-a1-{phase}"), &[]);
    }
    // Of another job with a longer name, and of another attempt.
    artifact(&folder, "install-windows-2025-arm-a1-9-final", &[]);
    artifact(&folder, "install-windows-2025-a2-9-final", &[]);
    let jobs = [job("install windows-2025 / driver", 1, "failure", LOST)];
    let text = summary(&jobs, &folder);
    assert!(
        text.contains("**machine lost** in step \"Stress\"; last artifact `5-conformance`"),
        "{text}"
    );
    assert!(
        text.contains("- \"Stress\": install windows-2025 (attempt 1): once: repeat it"),
        "{text}"
    );
    let jobs = Jobs::parse(&listed(&jobs)).unwrap();
    let artifacts = Artifacts::read(folder.path()).unwrap();
    assert_eq!(Summary::new(&jobs, &artifacts).suspected(), [""; 0]);
}

#[test]
fn two_losses_in_the_same_step_are_a_suspicion_be_it_in_two_attempts_or_on_two_machines() {
    let folder = tempfile::tempdir().unwrap();
    let again = [
        job("install windows-2025 / driver", 1, "failure", LOST),
        job("install windows-2025 / driver", 2, "failure", LOST),
    ];
    let elsewhere = [
        job("install windows-2025 / driver", 1, "failure", LOST),
        job("verifier windows-2022 / driver", 1, "failure", LOST),
    ];
    for jobs in [&again, &elsewhere] {
        let text = summary(jobs, &folder);
        assert!(text.contains("**bug check suspected**"), "{text}");
        let file = folder.path().join("jobs.json");
        fs::write(&file, listed(jobs)).unwrap();
        let failure = summarize(&Options {
            artifacts: folder.path().to_owned(),
            jobs: file,
        });
        let failure = failure.unwrap_err();
        assert_eq!(failure.exit_code(), 1);
        assert!(failure.to_string().contains("(Stress)"));
    }
    let in_another_step = [
        job("install windows-2025 / driver", 1, "failure", LOST),
        job(
            "install windows-2025 / driver",
            2,
            "failure",
            &[("Checkout", "success"), ("Remove", "running")],
        ),
    ];
    assert!(!summary(&in_another_step, &folder).contains("suspected"));
}

#[test]
fn an_attempt_that_succeeds_takes_the_place_of_the_one_that_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = [
        job("install windows-2025 / driver", 2, "success", &[]),
        job("install windows-2025 / driver", 1, "failure", LOST),
    ];
    let text = summary(&jobs, &folder);
    assert!(text.starts_with("## Windows: 0 of 1 jobs failed"), "{text}");
    assert!(
        text.contains("| install windows-2025 | 2 | success |"),
        "{text}"
    );
    // It is not forgotten: a second loss in that step would count.
    assert!(text.contains("(attempt 1): once"), "{text}");
}

#[test]
fn a_lost_machine_is_noticed_without_a_running_step() {
    let folder = tempfile::tempdir().unwrap();
    let open = [
        ("Conformance", "success"),
        ("Stress", "open"),
        ("Latency", "open"),
    ];
    let text = summary(&[job("install a / driver", 1, "failure", &open)], &folder);
    assert!(
        text.contains("**machine lost** in step \"Stress\"; no artifact"),
        "{text}"
    );
    // Nothing is known: two of these are no suspicion.
    let nothing = [
        job("install a / driver", 1, "failure", &[]),
        job("install b / driver", 1, "failure", &[]),
    ];
    let text = summary(&nothing, &folder);
    assert!(
        text.contains("**machine lost** in step \"unknown step\""),
        "{text}"
    );
    assert!(!text.contains("suspected"), "{text}");
    // A user's hand is no loss.
    let text = summary(&[job("install a / driver", 1, "cancelled", LOST)], &folder);
    assert!(!text.contains("lost"), "{text}");
}

#[test]
fn a_machine_without_test_mode_is_not_taken_for_a_proof() {
    let folder = tempfile::tempdir().unwrap();
    let steps = |ended| [("Test mode is off", ended)];
    let on = summary(
        &[job("install a / driver", 1, "success", &steps("skipped"))],
        &folder,
    );
    assert!(!on.contains("nothing is proved"), "{on}");
    let off = summary(
        &[job("install a / driver", 1, "success", &steps("success"))],
        &folder,
    );
    assert!(
        off.contains("**test mode is off: nothing was installed, nothing is proved**"),
        "{off}"
    );
}

#[test]
fn what_can_not_be_read_ends_with_3_and_a_list_that_goes_on_is_said_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.json");
    let options = Options {
        artifacts: folder.path().to_owned(),
        jobs: file.clone(),
    };
    assert_eq!(summarize(&options).unwrap_err().exit_code(), 3);
    fs::write(&file, "{").unwrap();
    assert_eq!(summarize(&options).unwrap_err().exit_code(), 3);
    let jobs = Jobs::parse(r#"{"total_count":101,"jobs":[]}"#).unwrap();
    let artifacts = Artifacts::read(&folder.path().join("nowhere")).unwrap();
    let text = Summary::new(&jobs, &artifacts).to_string();
    assert!(text.contains("Only 0 of 101 jobs are known"), "{text}");
}

/// The names of steps and files that the summary looks for are those of the workflow.
#[test]
fn the_workflow_has_what_the_summary_looks_for() {
    let workflow = crate::root().join(".github/workflows/install.yml");
    let workflow = fs::read_to_string(workflow).unwrap();
    assert!(workflow.contains(&format!("- name: {}\n", super::jobs::TEST_MODE_IS_OFF)));
    let conformance = format!(
        "--json | Tee-Object $env:GITHUB_WORKSPACE\\logs\\{}\n",
        super::artifacts::CONFORMANCE
    );
    assert!(workflow.contains(&conformance));
    assert!(workflow.contains("name: ${{ inputs.run }}-a${{ github.run_attempt }}-1-probed\n"));
}
